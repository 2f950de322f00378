"""MEM005: held-out examples that are copies of training examples."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.neighbours import content, nearest, points, too_close
from byheart.diagnosis.proportion import wilson


@check("MEM005", title="train-test leakage", severity="warn", needs="data")
def leakage(evidence: Evidence) -> Finding | None:
    """Validation and test inputs that also occur in training, byte for byte or nearer than chance allows."""
    task, train, held = evidence.task, evidence.task.train, evidence.task.held_out
    distance, twin, exact, copied = copies(evidence)
    hits = np.flatnonzero(copied)
    if len(hits) == 0:
        return None
    hits = hits[np.lexsort((hits, distance[hits]))]
    _, place = np.unique(twin[hits], return_index=True)  # a training example stands once, with its nearest copy
    hits_shown = hits[np.sort(place)]
    rows = twin[hits_shown]
    share, low, high = wilson(len(hits), len(held))
    text = (
        f"{len(hits)} of {len(held)} held-out examples ({share:.1%} [{low:.1%}, {high:.1%}]) are copies "
        f"of {len(rows)} training examples: {int(exact[hits].sum())} exact, {int((~exact[hits]).sum())} near."
        f"{consequence(evidence, copied)}"
    )
    cut = len(held) - len(task.test)
    table = {
        "given": train.targets[rows],
        "held_out": held.ids[hits_shown],
        "held_out_label": held.targets[hits_shown],
        "part": np.where(hits_shown < cut, "validation", "test"),
        "kind": np.where(exact[hits_shown], "exact", "near"),
        "distance": distance[hits_shown],
        "copies": np.array([(twin[hits] == r).sum() for r in rows]),
        "memorization": evidence.optional("memorization")[rows],
        "memorization_se": evidence.errors("memorization")[rows],
    }
    do = "take them out of the held-out set (or out of training) and measure again; split by source, not by row"
    return Finding("MEM005", "train-test leakage", "warn", train.ids[rows], len(train), text, do, table, "distance")


def copies(evidence: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Per held-out example (h,): distance to the nearest training example, its row, and masks: exact copy, any copy."""
    task, n = evidence.task, len(evidence.task.train)
    same = content_of_both(evidence)
    base = np.unique(same[:n])  # the first of every training input: equal ones would hide the surroundings
    distances, rows = nearest(points(task, task.held_out), points(task, task.train)[base])
    exact = same[n:] < n
    twin = np.where(exact, same[n:], base[rows[:, 0]])
    close = too_close(distances[~exact]) if (~exact).any() else np.zeros(0, bool)
    copied = exact.copy()
    copied[~exact] = close
    return np.where(exact, 0.0, distances[:, 0]), twin, exact, copied


def content_of_both(evidence: Evidence) -> np.ndarray:
    """The first row (n + h,), training rows before held-out rows, that has the same bytes."""
    from byheart.data.examples import Examples

    train, held = evidence.task.train, evidence.task.held_out
    if train.inputs.dtype != held.inputs.dtype:
        held = Examples(held.inputs.astype(train.inputs.dtype), held.targets, held.ids)
    both = np.concatenate([train.inputs, held.inputs])
    return content(Examples(both, np.concatenate([train.targets, held.targets])))


def consequence(evidence: Evidence, copied: np.ndarray) -> str:
    """A sentence on accuracy with and without the copies, where it was measured."""
    if not evidence.task.is_classification:
        return ""
    try:
        right = np.concatenate([final_correct(evidence, "validation"), final_correct(evidence, "test")])
    except NotApplicable:
        return ""
    if copied.all():
        return ""
    a, b = (wilson(right[mask].sum(), mask.sum()) for mask in (copied, ~copied))
    on = [f"{x[0]:.1%} [{x[1]:.1%}, {x[2]:.1%}]" for x in (a, b)]
    return f" Accuracy is {on[0]} on the copies and {on[1]} on the others."
