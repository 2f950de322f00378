"""control: what an audit found, turned into a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.controls.action import Action, counted
from byheart.controls.deduplicate import Deduplicate
from byheart.controls.drop import Drop
from byheart.controls.from_audit import (
    HAND,
    What,
    deduplicating,
    dropping,
    generating,
    relabelling,
    reweighting,
    stopping,
)
from byheart.controls.methods import Methods
from byheart.controls.plan import Plan
from byheart.controls.relabel import Relabel
from byheart.controls.reweight import Reweight
from byheart.controls.rows import rows_of_ids
from byheart.controls.spared import spared
from byheart.data.task import Task

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit


def control(
    audit: Audit,
    *,
    drop: What | None = None,
    relabel: What | Mapping[Any, Any] | None = None,
    reweight: What | Mapping[Any, float] | None = None,
    deduplicate: str | None = None,
    generate: str | None = None,
    stop_at: int | str | None = None,
    methods: str | Sequence[str] = (),
    probabilities: np.ndarray | None = None,
    seed: int = 0,
) -> Plan:
    """A plan that does what is asked for, in this order: relabel, reweight, generate, deduplicate, drop, methods, stop.

    Examples are named by a finding's code ("MEM001"), "memorized", several of these, or ids. `relabel` and `reweight`
    also take id -> label and id -> weight; "MEM001=0.5" weighs all of a finding alike. `deduplicate` takes "MEM002",
    `generate` "smote=MEM003" or "mixup=200", `stop_at` an epoch or "best", `methods` texts such as "dropout=0.5".
    `probabilities` (n, classes), out of sample, stand for those of the audit's subset models. Nothing is trained or
    changed. Errors: UsageError.
    """
    asked: list[tuple[Any, Callable[[Any], Action]]] = [
        (relabel, lambda what: relabelling(audit, what, probabilities)),
        (reweight, lambda what: reweighting(audit, what, probabilities)),
        (generate, lambda what: generating(audit, what, seed)),
        (deduplicate, lambda what: deduplicating(audit, what, probabilities)),
        (drop, lambda what: dropping(audit, what)),
        (methods or None, lambda what: Methods((what,) if isinstance(what, str) else tuple(what), HAND)),
        (stop_at, lambda what: stopping(audit, what)),
    ]
    actions = once_out([make(what) for what, make in asked if what is not None])
    plan = Plan(tuple(actions), audit.task.name, notes=cautions(audit, actions))
    plan.apply(audit.task)  # what cannot be done is said now
    return plan


def once_out(actions: list[Action]) -> list[Action]:
    """The actions, without dropping what deduplication leaves out already."""
    out = {i for a in actions if isinstance(a, Deduplicate) for i in a.ids}
    found: list[Action] = []
    for action in actions:
        if isinstance(action, Drop) and out & set(action.ids):
            left = tuple(i for i in action.ids if i not in out)
            found += [Drop(left, action.reason)] if left else []
        else:
            found.append(action)
    return found


def taken_away(task: Task, action: Action) -> np.ndarray:
    """Training rows that an action takes out of training, or of their label, or makes count for less."""
    if isinstance(action, Drop | Deduplicate | Relabel):
        return rows_of_ids(task, action.ids)
    if isinstance(action, Reweight):
        return rows_of_ids(task, [i for i, w in zip(action.ids, action.weights, strict=True) if w < 1])
    return np.zeros(0, np.int64)


def cautions(audit: Audit, actions: Sequence[Action]) -> tuple[str, ...]:
    """What to consider before a plan is applied."""
    named, notes = spared(audit), []
    for action in actions:
        count = int(named[taken_away(audit.task, action)].sum())
        if count:
            notes.append(
                f"{action.name} takes away {counted(count)} that the verdict (bad) names. Such examples hold the "
                "weakest group up: give them more weight instead (reweight, or the methods jtt, mat, group_dro)."
            )
    return tuple(notes)
