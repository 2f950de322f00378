"""MEM003: rare examples that the network had to learn by heart and whose label nothing speaks against."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.mem001_mislabelled import suspects, told
from byheart.diagnosis.mem004_ambiguous import torn_rows
from byheart.diagnosis.neighbours import K, nearest, others, points
from byheart.diagnosis.proportion import wilson
from byheart.diagnosis.share import MEMORIZED


@check("MEM003", title="rare", severity="note", needs="both")
def rare(evidence: Evidence) -> Finding | None:
    """Memorized examples, neither mislabelled nor ambiguous, whose label some neighbour shares but fewer than is
    usual for it.
    """
    if not evidence.task.is_classification:
        raise NotApplicable("the targets are numbers; kinds need classes")
    task, n = evidence.task, len(evidence.task.train)
    memorization = evidence.column("memorization")
    known = np.zeros(n, bool)
    known[suspects(evidence)[0]] = True
    known[torn_rows(evidence)] = True
    rows = np.flatnonzero((memorization >= MEMORIZED) & ~known)
    if len(rows) == 0:
        return None
    alike, usual = kin(evidence, rows)
    lone = (alike > 0) & (alike < usual[task.train.targets[rows]])
    rows, alike = rows[lone], alike[lone]
    if len(rows) == 0:
        return None
    order = np.argsort(-memorization[rows], kind="stable")
    rows, alike = rows[order], alike[order]
    share, low, high = wilson(len(rows), n)
    text = (
        f"{len(rows)} of {n} examples ({share:.1%} [{low:.1%}, {high:.1%}]) are memorized (at least {MEMORIZED}) "
        f"under a label that neighbours share, but few: {alike.mean() * K:.1f} of the nearest {K} on average, "
        f"where {usual.mean() * K:.1f} is usual."
    )
    table = told(evidence, rows) | {"alike": alike}
    return Finding(
        "MEM003",
        "rare",
        "note",
        task.train.ids[rows],
        n,
        text,
        "keep them, and collect more of their kind",
        table,
        "memorization",
    )


def kin(evidence: Evidence, rows: np.ndarray, sample: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Share of the 10 nearest inputs with the same label: of some rows (k,), and the median per class (K,) over a
    sample.

    Inputs, not the network's features, in which a memorized example sits among its given class whatever it shows.
    """
    x, y = points(evidence.task, evidence.task.train), evidence.task.train.targets
    if len(x) <= sample:
        near = others(x)[1]
        share = (y[near] == y[:, None]).mean(1)
        chosen, mine = np.arange(len(x)), share[rows]
    else:
        chosen = np.unique(np.linspace(0, len(x) - 1, sample).astype(int))
        found = neighbours_of(x, np.concatenate([chosen, rows]))
        share = (y[found] == y[np.concatenate([chosen, rows])][:, None]).mean(1)
        share, mine = share[: len(chosen)], share[len(chosen) :]
    everywhere = float(np.median(share))
    usual = [
        float(np.median(share[y[chosen] == k])) if (y[chosen] == k).any() else everywhere
        for k in range(evidence.task.outputs)
    ]
    return mine, np.array(usual)


def neighbours_of(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The 10 nearest other rows (k, 10) of some rows of x."""
    found = nearest(x[rows], x, K + 1)[1]
    last = np.argsort(found == rows[:, None], 1, kind="stable")[:, :K]
    return np.take_along_axis(found, last, 1)
