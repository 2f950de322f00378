"""MEM004: examples between two labels."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.mem001_mislabelled import told
from byheart.diagnosis.proportion import wilson

QUARTER = 0.25  # belief that both labels must hold


@check("MEM004", title="ambiguous", severity="note", needs="trajectory")
def ambiguous(evidence: Evidence) -> Finding | None:
    """Examples to which models without them give at least a quarter of their belief for the given label, and as much
    for another.

    Without subset models: the network's own belief in the label wavered around a half through training (weaker).
    """
    rows = torn_rows(evidence)
    if len(rows) == 0:
        return None
    task, n = evidence.task, len(evidence.task.train)
    share, low, high = wilson(len(rows), n)
    size = f"{len(rows)} of {n} examples ({share:.1%} [{low:.1%}, {high:.1%}])"
    if evidence.many is not None:
        text = f"{size}: models that left them out give at least a quarter of their belief to each of two labels."
    else:
        text = f"{size}: the network's belief in the label wavered. No subset models confirm it (weaker evidence)."
    return Finding(
        "MEM004", "ambiguous", "note", task.train.ids[rows], n, text,
        "let a person decide, allow both labels, or expect errors like them on new data",
        told(evidence, rows), "held_out_label_probability" if evidence.many is not None else "variability",
    )  # fmt: skip


def torn_rows(evidence: Evidence) -> np.ndarray:
    """Rows (k,) between two labels, the most even first."""
    if not evidence.task.is_classification:
        raise NotApplicable("the targets are numbers; two labels need classes")
    if evidence.many is not None:
        given = np.take_along_axis(evidence.belief, evidence.task.train.targets[:, None], 1)[:, 0]
        weaker = np.minimum(given, best_other(evidence))
        rows = np.flatnonzero(weaker >= QUARTER)
        return rows[np.argsort(-weaker[rows], kind="stable")]
    confidence, variability = evidence.column("confidence"), evidence.column("variability")
    rows = np.flatnonzero((np.minimum(confidence, 1 - confidence) >= QUARTER) & (variability >= QUARTER))
    return rows[np.argsort(-variability[rows], kind="stable")]


def best_other(evidence: Evidence) -> np.ndarray:
    """The most (n,) that models without the example give to another label."""
    belief = evidence.belief.copy()
    belief[np.arange(len(belief)), evidence.task.train.targets] = -np.inf
    return belief.max(1)
