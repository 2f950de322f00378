"""A sweep in words: its columns, its numbers with their uncertainty, what stands out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.reports.words import count, known

if TYPE_CHECKING:
    from byheart.controls.learning_curve import LearningCurve
    from byheart.controls.swept import Sweep
    from byheart.diagnosis.uncertainty import Interval

# in a column's head, and as what an axis shows
MEASURES = {
    "memorized": ("memorized", "share of the training examples memorized"),
    "wrong_fitted": ("wrong labels", "share of the wrong labels given back"),
    "gap": ("gap", "gap between training and test"),
}
EMPTY = "–"


def number(row: Any, name: str, percents: bool) -> str:
    """A cell of the table: "96.8 [94.1, 98.2]", with its 95% interval; what was seen in training is no estimate."""
    value, low, high = (float(row[f"{name}{part}"]) for part in ("", "_low", "_high"))
    if not known(value):
        return EMPTY
    scale, digits = (100, 1) if percents else (1, 3)
    text, least, most = (f"{round(scale * v, digits) + 0.0:.{digits}f}" if known(v) else "" for v in (value, low, high))
    return (text + (f" [{least}, {most}]" if least and most and name != "train" else "")).replace("-", "−")


def columns(sweep: Sweep) -> list[str]:
    """The measured columns that are shown: those that have a number anywhere."""
    wanted = ["train", "test", sweep.measure, "worst_group"]
    return [n for n in wanted if n in sweep.table and np.isfinite(sweep.table[n].to_numpy(float)).any()]


def head(sweep: Sweep, name: str) -> str:
    """A column's name."""
    word = "accuracy" if sweep.metric == "accuracy" else "loss"
    names = {"train": f"train {word}", "test": f"test {word}", "worst_group": f"worst group's {word}"}
    return names.get(name) or (MEASURES[name][0] if name in MEASURES else name)


def in_percent(sweep: Sweep, name: str) -> bool:
    """Whether a column is a share."""
    return name in ("memorized", "wrong_fitted") or sweep.metric == "accuracy"


def cells(sweep: Sweep, row: int) -> list[str]:
    """One line of the table: setting, levels, numbers, epochs to converge, trainings that diverged, CPU-seconds."""
    line: Any = sweep.table.iloc[row]
    seconds = sweep.seconds[row][np.isfinite(sweep.seconds[row])]
    found = [str(line["setting"]), *(str(line[f.name]) for f in sweep.factors)]
    found += [number(line, name, in_percent(sweep, name)) for name in columns(sweep)]
    if sweep.metric == "accuracy":
        found.append(converged(line))
    if any(sweep.table["diverged"].tolist()):
        found.append(f"{line['diverged']} of {line['seeds']}" if line["diverged"] else EMPTY)
    found += [f"{line['complexity']:.3g}" if known(line["complexity"]) else EMPTY, frontier(line)]
    return [*found, f"{seconds.mean():.1f}" if len(seconds) else EMPTY]


def heads(sweep: Sweep) -> list[str]:
    """The names of what `cells` gives; shares are in per cent."""
    units = [f"{head(sweep, n)}, {'points' if n == 'gap' else '%'}" if in_percent(sweep, n) else head(sweep, n)
             for n in columns(sweep)]  # fmt: skip
    found = ["", *(f.name for f in sweep.factors), *units]
    found += ["epochs to 99 %"] if sweep.metric == "accuracy" else []
    found += ["diverged"] if any(sweep.table["diverged"].tolist()) else []
    return [*found, "complexity", "frontier", "CPU s"]


def converged(line: Any) -> str:
    """The mean epoch at which 99% of the training examples were right; how many seeds got there, if not all."""
    if not line["converged"]:
        return EMPTY
    few = f" ({line['converged']} of {line['seeds']})" if line["converged"] < line["seeds"] else ""
    return f"{line['epochs_to_converge']:.0f}{few}"


def frontier(line: Any) -> str:
    """How sure a setting is to be on the frontier; nothing where it hardly is."""
    p = line["frontier_probability"]
    return f"{100 * p:.0f} %" if line["frontier"] or p >= 0.05 else EMPTY


def rests_on(sweep: Sweep) -> str:
    """What the intervals cover."""
    seeds = f"{sweep.seeds} seeds" if sweep.seeds > 1 else "one seed, so that only rows are covered"
    return f"in brackets the 95 % interval over {seeds} and {count(sweep.test.shape[2])} test examples"


def best(sweep: Sweep) -> str:
    """The setting that validation examples choose, with its test accuracy (loss)."""
    if sweep.best is None:
        return "Every training diverged."
    line: Any = sweep.table.iloc[sweep.best]
    percents = sweep.metric == "accuracy"
    shown = number(line, "test", percents) + (" %" if percents else "")
    name = f"setting {line['setting']} ({sweep.label(sweep.best)})"
    return f"{name}: test {sweep.metric} {shown}, chosen on validation examples"


def law(curve: LearningCurve, metric: str) -> str:
    """A learning curve in words, or why there is none."""
    beside = f"{curve.label}: " if curve.label else ""
    if curve.reason or curve.b is None or curve.c is None or curve.doubled is None:
        return f"{beside}no law: {curve.reason}"
    scale, unit, points, word = (100, " %", " points", "error") if metric == "accuracy" else (1, "", "", "loss")
    b, c, doubled = (bracketed(v, f) for v, f in ((curve.b, 1), (curve.c, scale), (curve.doubled, scale)))
    return (
        f"{beside}{word} falls as n^-b with b = {b} towards {c}{unit}; twice as many examples would take "
        f"{doubled}{points} off"
    )


def bracketed(found: Interval, scale: float) -> str:
    """A value with its interval, to two digits."""
    value, low, high = (f"{float(f'{scale * v:.2g}'):g}" for v in found)
    return f"{value} [{low}, {high}]"


def finite(value: float | None) -> float | None:
    """Three significant digits for a drawing, None for what is not known."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")
