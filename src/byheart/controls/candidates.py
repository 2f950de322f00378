"""Which plans are worth measuring, the likeliest first, and none that takes away what a bad verdict names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import DataError, UsageError
from byheart.controls.action import Action, counted
from byheart.controls.deduplicate import Deduplicate
from byheart.controls.drop import Drop
from byheart.controls.from_audit import (
    deduplicating,
    dropping,
    generating,
    ids_of,
    relabelling,
    reweighting,
    stopping,
)
from byheart.controls.methods import Methods
from byheart.controls.plan import Plan
from byheart.controls.relabel import Relabel
from byheart.controls.reweight import Reweight, balancing
from byheart.controls.rows import Id
from byheart.controls.spared import spared

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

REGULARIZERS = ("dropout=0.5", "adaptive", "decoupled_weight_decay=0.01")
CLASSES_ONLY = ("label_smoothing=0.1",)
FOR_GROUPS = ("group_balanced", "group_dro")  # need groups
FOR_SHORTCUTS = ("jtt", "mat")
Make = Callable[[], Action]


def candidates(audit: Audit) -> tuple[Plan, ...]:
    """The plans, in the order in which they are to be measured.

    After a bad verdict the outnumbered are given more weight first, and what the verdict names is left out of whatever
    drops, relabels or weighs less.
    """
    named, plans = spared(audit), []
    kept = frozenset(ids_of(audit, np.flatnonzero(named)))
    for make in (*(shortcut_first(audit, named) if named.any() else ()), *usual(audit)):
        try:
            action = without(make(), kept)
            plan = None if action is None else Plan((action,), audit.task.name, notes=note(action, make, kept))
            if plan is not None:
                plan.apply(audit.task)
                plans.append(plan)
        except (DataError, UsageError):
            continue  # there is no such finding here, or nothing to do about it
    return tuple({p.actions: p for p in plans}.values())


def usual(audit: Audit) -> Iterator[Make]:
    """What is tried on any task."""
    yield lambda: relabelling(audit, "MEM001")
    yield lambda: dropping(audit, "MEM001")
    yield lambda: stopping(audit, "best")
    yield lambda: reweighting(audit, "MEM001")
    for text in (*REGULARIZERS, *(CLASSES_ONLY if audit.task.classes else ())):
        yield lambda text=text: Methods((text,), "regularizes")
    yield lambda: deduplicating(audit, "MEM002")
    yield lambda: reweighting(audit, "MEM003")
    yield lambda: generating(audit, "smote=MEM003", 0)


def shortcut_first(audit: Audit, named: np.ndarray) -> Iterator[Make]:
    """What helps a group that a shortcut fails: more weight for it, and methods that look for it."""
    rows = np.flatnonzero(named)
    weight = balancing(len(rows), len(named))
    reason = "what the verdict (bad) names: the memorized and the weakest group, as much weight as all others together"
    if weight > 1:  # they may be more than half
        yield lambda: Reweight(ids_of(audit, rows), (round(weight, 4),) * len(rows), reason)
    for text in FOR_GROUPS if audit.task.train.groups is not None else ():
        yield lambda text=text: Methods((text,), "the verdict is bad: each group counts alike")
    for text in FOR_SHORTCUTS if audit.task.classes else ():
        yield lambda text=text: Methods((text,), "the verdict is bad: what a shortcut explains counts less")


def without(action: Action, kept: frozenset[Id]) -> Action | None:
    """The action, without taking the `kept` examples away; None when nothing is left of it."""
    if not kept:
        return action
    if isinstance(action, Drop):
        left = tuple(i for i in action.ids if i not in kept)
        return Drop(left, action.reason) if left else None
    if isinstance(action, Relabel):
        rows = [r for r in zip(action.ids, action.given, action.to, strict=True) if r[0] not in kept]
        return Relabel(*zip(*rows, strict=True), reason=action.reason) if rows else None
    if isinstance(action, Reweight):
        rows = [r for r in zip(action.ids, action.weights, strict=True) if r[0] not in kept or r[1] >= 1]
        return Reweight(*zip(*rows, strict=True), reason=action.reason) if rows else None
    if isinstance(action, Deduplicate):
        sets = [(k, tuple(i for i in drop if i not in kept)) for k, drop in zip(action.keep, action.drop, strict=True)]
        sets = [(k, drop) for k, drop in sets if drop]
        return Deduplicate(*zip(*sets, strict=True), reason=action.reason) if sets else None
    return action


def note(action: Action, make: Make, kept: frozenset[Id]) -> tuple[str, ...]:
    """What was left out of a plan, and why."""
    count = len(set(make().ids) - set(action.ids)) if kept else 0
    if not count:
        return ()
    return (f"{counted(count)} that the verdict (bad) names {'is' if count == 1 else 'are'} left as they are.",)
