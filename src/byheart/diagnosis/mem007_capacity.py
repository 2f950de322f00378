"""MEM007: more data would help, or a smaller network would do; told from a sweep over size or network."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.uncertainty import Interval, normal, of_seeds, row_variance, seed_variance

POINT = 0.01  # of accuracy; for regression a hundredth of the variance of the targets
LESS = 0.02  # so much less must be memorized, at the low end of the interval
SWEEP = "a sweep over size or over the network: diagnose(scores, task, {'sweep': byheart.sweep(task, ...)})"
MEASURES = {"memorized": "fewer examples memorized", "wrong_fitted": "fewer wrong labels given back", "gap": "less gap"}


@check("MEM007", title="too little data or too much network", severity="note", needs="data")
def capacity(evidence: Evidence) -> Finding | None:
    """Twice the data would raise test accuracy by a point, or a smaller network is no worse; read from a sweep.

    Too little data: test accuracy rose from the next smaller size to the largest (low end above 0), and the fitted law
    promises a point for twice as many; without a law, each doubling brought at least a point (low end). Too much
    network: a smaller one is at most a point worse (low end), and is either better or memorizes less. Of factors that
    were varied beside, the first value counts; of sizes, the largest.
    """
    sweep = evidence.effects.get("sweep")
    if sweep is None:
        raise NotApplicable(f"no sweep was given; it takes {SWEEP}")
    if not np.array_equal(np.sort(sweep.ids), np.sort(evidence.task.train.ids)):
        raise NotApplicable("the sweep is of other training examples")
    data, network = more_data(sweep), smaller_network(sweep, parameters(evidence))
    if data is None and network is None:
        raise NotApplicable(f"the sweep varied neither size nor network; it takes {SWEEP}")
    told = {"Too little data": data, "Too much network": network}
    found = [f"{what}: {text}." for what, text in told.items() if text]
    if not found:
        return None
    do = ["collect more examples, or make more of them: augment=, mixup"] if data else []
    do += ["take the smaller network"] if network else []
    nobody, total = evidence.task.train.ids[:0], len(evidence.task.train)
    title = "too little data or too much network"
    return Finding("MEM007", title, "note", nobody, total, " ".join(found), "; ".join(do))


def more_data(sweep: Any) -> str | None:
    """What the last step in size brought and what the next would; "" when too little, None when nobody can tell."""
    sizes = sweep.table["examples"].to_numpy(float)
    rows = stratum(sweep, of_size, sizes)
    if len(rows) < 2:
        return None
    few, many = rows[-2:]
    rise = gain(sweep, few, many)
    each = Interval(*(v / math.log2(sizes[many] / sizes[few]) for v in rise))
    beside = " ".join(f"{f.name}={f.texts[0]}" for f in sweep.factors if not of_size(f))
    curve = next((c for c in sweep.curves if c.label == beside and not c.reason), None)
    promise = each if curve is None else curve.doubled
    if not (rise.low > 0 and (each.low if curve is None else promise.value) >= POINT):
        return ""
    source = "that is" if curve is None else "the fitted law promises"
    per = "for each doubling" if curve is None else "for twice as many"
    return (
        f"from {sizes[few]:,.0f} to {sizes[many]:,.0f} examples test {sweep.metric} got better by "
        f"{shown(sweep, rise)}, {source} {shown(sweep, promise)} {per}"
    )


def smaller_network(sweep: Any, own: int) -> str | None:
    """The smallest network that will do, beside the task's own; "" when none will, None when none was tried."""
    sizes = sweep.table["parameters"].to_numpy(float)
    rows = stratum(sweep, lambda f: f.kind == "network" or (f.kind, f.target) == ("data", "network"), sizes)
    if not rows:
        return None
    base = next((k for k in rows if sizes[k] == own), rows[-1])
    smaller = [k for k in rows if sizes[k] < sizes[base]]
    for k in smaller:
        better, less = gain(sweep, base, k), memorizes_less(sweep, base, k)
        if better.low > -POINT and (better.low > 0 or less.low > LESS):
            return (
                f"{sweep.label(k)} ({sizes[k]:,.0f} parameters) against {sweep.label(base)} ({sizes[base]:,.0f}): test "
                f"{sweep.metric} better by {shown(sweep, better)}, {MEASURES[sweep.measure]} by {shown(sweep, less)}"
            )
    return "" if smaller else None


def of_size(factor: Any) -> bool:
    """Whether a factor is the number of training examples."""
    return (factor.kind, factor.target) == ("data", "size")


def stratum(sweep: Any, varies: Callable[[Any], bool], sizes: np.ndarray) -> list[int]:
    """Rows in which only the factors of a kind vary and something trained, by ascending, different sizes."""
    kept = np.isfinite(sweep.test).all(2).any(1)
    for f in sweep.factors:
        if not varies(f):
            counts = sweep.table["examples"].to_numpy()
            usual = counts == counts.max() if of_size(f) else sweep.table[f.name].to_numpy() == f.texts[0]
            kept = kept & usual
    if not any(varies(f) for f in sweep.factors):
        return []
    rows = np.flatnonzero(kept)
    return rows[np.unique(sizes[rows], return_index=True)[1]].tolist()


def gain(sweep: Any, a: int, b: int) -> Interval:
    """How much better setting b does on test examples than a, with its interval over seeds and rows."""
    there = np.isfinite(sweep.test[[a, b]]).all((0, 2))
    difference = (sweep.test[b] - sweep.test[a])[there] * (1 if sweep.metric == "accuracy" else -1)
    if not len(difference):
        return Interval(math.nan, math.nan, math.nan)
    return normal(float(difference.mean()), row_variance(difference) + seed_variance(difference.mean(1)))


def memorizes_less(sweep: Any, a: int, b: int) -> Interval:
    """How much less setting b memorizes than a, with its interval."""
    if sweep.measure != "memorized":
        return of_seeds(sweep.memorized[a] - sweep.memorized[b])
    ends = sweep.table[["memorized", "memorized_low", "memorized_high"]].to_numpy(float)[[a, b]]
    variances = ((ends[:, 2] - ends[:, 1]) / 3.92) ** 2  # two measurements apart
    return normal(float(ends[0, 0] - ends[1, 0]), float(variances.sum()))


def parameters(evidence: Evidence) -> int:
    """How many parameters the task's own network has."""
    import torch

    with torch.random.fork_rng(devices=[]):
        return sum(p.numel() for p in evidence.task.build().parameters())


def shown(sweep: Any, found: Interval) -> str:
    """A difference with its interval, in points of accuracy or in units of the loss."""
    scale, digits, unit = (100, 1, " points") if sweep.metric == "accuracy" else (1, 3, "")
    value, low, high = (f"{scale * v:.{digits}f}" for v in found)
    return f"{value}{unit} (95% {low} to {high})"
