"""Change: what a plan changed, measure by measure, before and after, with paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from byheart.controls.paired import Statistic, apart, paired_rows, paired_statistic
from byheart.controls.plan import Plan
from byheart.data.task import Task
from byheart.diagnosis.calibration import expected_calibration_error
from byheart.diagnosis.groups import LEAST
from byheart.diagnosis.uncertainty import Interval, of_rows, of_seeds

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["share", "number"]
Columns = Mapping[str, np.ndarray]  # name -> (seeds, rows)


@dataclass(frozen=True)
class Line:
    """One measure: its value before and after, and after - before in pairs, each with its 95% interval.

    `higher` says whether more is better (None: neither), `over` what the intervals cover. `chooses` is true of what may
    decide between plans: nothing that is read on test examples.
    """

    name: str
    before: Interval
    after: Interval
    difference: Interval
    kind: Kind
    higher: bool | None
    over: str
    chooses: bool = False

    @property
    def verdict(self) -> Literal["better", "worse", "higher", "lower", "not resolved"]:
        """Whether the interval of the difference leaves 0 out, and on which side."""
        low, high = self.difference.low, self.difference.high
        if not (low > 0 or high < 0):
            return "not resolved"
        if self.higher is None:
            return "higher" if low > 0 else "lower"
        return "better" if (low > 0) == self.higher else "worse"

    @property
    def gain(self) -> Interval:
        """The difference turned so that more is better."""
        value, low, high = self.difference
        return Interval(-value, -high, -low) if self.higher is False else self.difference


@dataclass(frozen=True, eq=False)
class Change:
    """What `plan` changed in training on `task`, over `seeds` pairs; `seconds` are CPU-seconds of all trainings."""

    plan: Plan
    task: str
    lines: tuple[Line, ...]
    seeds: int
    examples: tuple[int, int]
    seconds: float = field(default=float("nan"), compare=False)

    def __getitem__(self, name: str) -> Line:
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(f"{name!r}; there are {[line.name for line in self.lines]}")

    def __contains__(self, name: str) -> bool:
        return any(line.name == name for line in self.lines)

    def to_pandas(self) -> pd.DataFrame:
        """One row per measure."""
        import pandas as pd

        return pd.DataFrame([row_of(line) for line in self.lines])

    def __repr__(self) -> str:
        main = self.lines[0]
        return f"Change({self.task}: {main.name} {main.difference.value:+.4f}, {main.verdict}; {self.seeds} pairs)"


def row_of(line: Line) -> dict[str, Any]:
    """A measure as plain values."""
    found: dict[str, Any] = {"measure": line.name}
    for name in ("before", "after", "difference"):
        interval = getattr(line, name)
        found |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return found | {"verdict": line.verdict, "higher_is_better": line.higher, "over": line.over}


def lines_of(task: Task, before: Columns, after: Columns) -> tuple[Line, ...]:
    """All measures of two arms by held-out and training row of `task`, the chief one first."""
    cut, sign = len(task.validation), bool(task.classes)
    test, there = slice(cut, None), slice(0, cut)
    over = f"seeds and {len(task.test):,} test examples"
    chose = f"seeds and {cut:,} validation examples"
    column, word = ("correct", "accuracy") if sign else ("loss", "loss")
    a, b = before[column], after[column]
    found = [mean_line(f"test_{word}", a[:, test], b[:, test], over, higher=sign)]
    group = worst_group(task, a[:, there]) if sign else None
    if group is not None:
        found += group_lines(task, group, a, b)
    if sign:
        found.append(mean_line("nll", before["loss"][:, test], after["loss"][:, test], over, higher=False))
        found.append(ece_line(before, after, test, over))
    found.append(mean_line(f"validation_{word}", a[:, there], b[:, there], chose, higher=sign, chooses=True))
    given = "seeds and the training examples as they were"
    found.append(mean_line(f"train_{word}", before["train"], after["train"], given, higher=None))
    wrong = np.asarray(task.truth.get("wrong", np.zeros(len(task.train))), bool)
    if wrong.any() and sign:
        known = f"seeds and the {wrong.sum():,} labels that are known to be wrong"
        fitted = mean_line("wrong_fitted", before["train"][:, wrong], after["train"][:, wrong], known, higher=False)
        found.insert(1, fitted)
    return tuple(found)


def mean_line(
    name: str, before: np.ndarray, after: np.ndarray, over: str, *, higher: bool | None = True, chooses: bool = False
) -> Line:
    """A mean over seeds and rows."""
    kind: Kind = "number" if name.endswith(("loss", "nll")) else "share"
    difference = paired_rows(before, after, kind == "share")
    return Line(name, of_rows(before), of_rows(after), difference, kind, higher, over, chooses)


def worst_group(task: Task, right: np.ndarray) -> str | None:
    """The group that is least often right on validation examples before the change, over all seeds; None where some
    part has no groups.
    """
    train, there, test = (getattr(task, part).groups for part in ("train", "validation", "test"))
    if train is None or there is None or test is None:
        return None
    both = np.concatenate([there, test])
    names = [g for g in np.unique(both) if (both == g).mean() >= LEAST and (there == g).any() and (test == g).sum() > 1]
    return str(min(names, key=lambda g: right[:, there == g].mean())) if len(names) > 1 else None


def group_lines(task: Task, group: str, before: np.ndarray, after: np.ndarray) -> list[Line]:
    """Accuracy in the weakest group: on test examples, and on the validation examples that chose it."""
    cut, found = len(task.validation), []
    for name, part, chooses in (("worst_group", "test", False), ("worst_group_validation", "validation", True)):
        rows = np.flatnonzero(getattr(task, part).groups == group) + (cut if part == "test" else 0)
        over = f"seeds and {len(rows):,} {part} examples of group {group}, weakest on validation before"
        found.append(mean_line(name, before[:, rows], after[:, rows], over, chooses=chooses))
    return found


def ece_line(before: Columns, after: Columns, rows: slice, over: str) -> Line:
    """Expected calibration error over some held-out rows; the values' intervals cover seeds alone."""
    number = np.arange(before["correct"][:, rows].shape[1])
    first, last = (
        [statistic(arm["confidence"][k, rows], arm["correct"][k, rows]) for k in range(len(arm["correct"]))]
        for arm in (before, after)
    )
    was, now = (of_seeds(np.array([ece(number) for ece in arm])) for arm in (first, last))
    difference = paired_statistic(len(number), first, last)
    return Line("ece", was, now, difference, "number", False, f"{over} (values: seeds)")


def statistic(confidence: np.ndarray, correct: np.ndarray) -> Statistic:
    """The ECE of one training on some rows."""
    return lambda rows: expected_calibration_error(confidence[rows], correct[rows] > 0.5)


def memorized_line(before: Interval, after: Interval, models: int) -> Line:
    """The share of each arm's own training examples that it memorizes."""
    over = f"examples and {models} subset models of each arm; one run"
    return Line("memorized", before, after, apart(before, after), "share", False, over)
