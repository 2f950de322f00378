"""A run beside its twins: held-out performance, and how steep each is around its training examples."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from byheart.base.errors import NotApplicable
from byheart.base.seeds import generator
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import wilson
from byheart.runs.run import Run
from byheart.runs.twin import Twin

MOST = 500  # examples whose slopes are measured, and others near which another class is looked for
TWIN = "a larger --budget, or byheart.runs.twin.regularized_twin(run, task, folder) among the effects"


def compared(evidence: Evidence) -> dict[str, Measure]:
    """The signs that need the regularized twin: its performance, complexity and critical sample ratio."""
    twin, loss = evidence.effects.get("twin"), "points" if evidence.task.is_classification else "loss"
    kinds = {"complexity": "ratio", "critical": "points", "twin": loss}
    if twin is None or evidence.run is None:
        return {name: missing(name, TWIN, kind) for name, kind in kinds.items()}
    if twin.task.recipe == evidence.task.recipe:
        same = "not asked: the recipe regularizes like its twin"
        return {name: Measure(name, text=same, kind=kind) for name, kind in kinds.items()}
    return {
        "complexity": complexity(evidence, twin),
        "critical": critical(evidence, twin),
        "twin": performances(evidence, twin, "twin"),
    }


def performances(evidence: Evidence, twin: Twin, name: str) -> Measure:
    """Held-out performance of the run minus its twin's, paired by row over validation and test examples: accuracy, or
    for regression minus the loss.
    """
    kind = "points" if evidence.task.is_classification else "loss"
    other = Evidence(twin.task, twin.run, None, evidence.scores)
    try:
        ours, theirs = (
            np.concatenate([final_correct(e, part) for part in ("validation", "test")]) for e in (evidence, other)
        )
    except NotApplicable as reason:
        return missing(name, f"held-out answers of both ({reason})", kind)
    gain = ours - theirs
    value, se, n = float(gain.mean()), float(gain.std(ddof=1) / math.sqrt(len(gain))), len(gain)
    shown = f"{theirs.mean():.1%} right" if kind == "points" else f"loss {-theirs.mean():.3g}"
    text = f"the twin ({twin.differs}): {shown} on {n} held-out examples"
    return Measure(name, value, se, value - 1.96 * se, value + 1.96 * se, n, text, kind=kind)


def complexity(evidence: Evidence, twin: Twin) -> Measure:
    """Geometric complexity over that of the twin, on the same training examples; its error is over examples."""
    rows = chosen(len(evidence.task.train), "complexity")
    try:
        ours, theirs = (slopes(run, task, rows) for run, task in _both(evidence, twin))
    except NotApplicable as reason:
        return missing("complexity", f"a network whose slopes can be measured ({reason})", "ratio")
    base, n = float(theirs.mean()), len(rows)
    if base <= 0:
        return missing("complexity", "a twin that answers from its inputs", "ratio")
    ratio = float(ours.mean()) / base
    error = float(np.std(ours - ratio * theirs, ddof=1)) / (math.sqrt(n) * base)
    text = f"{ours.mean():.3g} against {base:.3g} of the twin ({twin.differs}), over {n} training examples"
    return Measure("complexity", ratio, error, ratio - 1.96 * error, ratio + 1.96 * error, n, text, kind="ratio")


def critical(evidence: Evidence, twin: Twin) -> Measure:
    """Critical sample ratio on test examples minus the twin's."""
    task = evidence.task
    rows = chosen(len(task.test), "critical")
    try:
        ours, theirs = (near_boundary(run, own, rows) for run, own in _both(evidence, twin))
    except NotApplicable as reason:
        return missing("critical", f"classes ({reason})")
    gain, n = ours - theirs, len(rows)
    value, se = float(gain.mean()), float(gain.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    share, low, high = wilson(ours.sum(), n)
    text = f"{share:.1%} [{low:.1%}, {high:.1%}] of {n} test examples, the twin {theirs.mean():.1%}"
    return Measure("critical", value, se, value - 1.96 * se, value + 1.96 * se, n, text)


def slopes(run: Run, task: Task, rows: np.ndarray) -> Float[np.ndarray, "n"]:
    """Geometric complexity (n,) of some training rows."""
    from byheart.scores.checkpoint.geometric_complexity import geometric_complexity
    from byheart.scores.trained import checkpoint_columns

    known = checkpoint_columns(run, task, ("network", "deviations"))
    inputs = task.tensors(task.train, rows)[0].to(next(known["network"].parameters()).dtype)
    return geometric_complexity(inputs=inputs, **known)


def near_boundary(run: Run, task: Task, rows: np.ndarray) -> Float[np.ndarray, "n"]:
    """Whether each of some test rows (n,) has another class nearby, 0 or 1."""
    from byheart.scores.checkpoint.critical_sample_ratio import critical_sample
    from byheart.scores.trained import checkpoint_columns

    known = checkpoint_columns(run, task, ("network", "ranges"))
    inputs = task.tensors(task.test, rows)[0].to(next(known["network"].parameters()).dtype)
    return critical_sample(inputs=inputs, **known)


def chosen(n: int, use: str) -> np.ndarray:
    """At most 500 of n rows, ascending."""
    return np.arange(n) if n <= MOST else np.sort(generator(0, use).choice(n, MOST, replace=False))


def _both(evidence: Evidence, twin: Twin) -> tuple[tuple[Run, Task], tuple[Run, Task]]:
    assert evidence.run is not None
    return (evidence.run, evidence.task), (twin.run, twin.task)
