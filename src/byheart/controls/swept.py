"""Sweep: the table of a sweep, with the values behind it, its frontier and its learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.controls.learning_curve import LearningCurve, learning_curve
from byheart.controls.setting import Setting
from byheart.controls.summary import Cells, Memorized, axis_of, row_of, scalars, spread, with_frontier
from byheart.controls.vary import Factor
from byheart.data.task import Task
from byheart.diagnosis.uncertainty import Interval

PAGES = {".html": "sweep_html", ".json": "sweep_json", ".parquet": "sweep_parquet"}


@dataclass(frozen=True, eq=False)
class Sweep:
    """What a sweep has measured.

    `table` has one row per setting (controls/summary.py), `cells` one per training. `test` (settings, seeds, test rows)
    holds 1 for right and 0 for wrong, for regression the loss; `memorized` (settings, seeds) what `measure` names:
    memorized, wrong_fitted or gap. NaN: that training diverged. `seconds` (settings, seeds) are CPU-seconds of the
    trainings. `curves` are learning curves, where size was varied. `ids` are those of the task's training examples.
    """

    name: str
    metric: str
    factors: tuple[Factor, ...]
    table: pd.DataFrame
    cells: pd.DataFrame
    measure: Memorized
    test: np.ndarray = field(repr=False)
    memorized: np.ndarray = field(repr=False)
    seconds: np.ndarray = field(repr=False)
    ids: np.ndarray = field(repr=False)
    curves: tuple[LearningCurve, ...] = ()
    folder: Path = Path()
    design: str = "grid"
    seed: int = 0
    models: int = 0
    command: str = ""

    @property
    def seeds(self) -> int:
        """How many seeds each setting was trained with."""
        return self.test.shape[1]

    @property
    def frontier(self) -> pd.DataFrame:
        """The settings that no other beats both in what it memorizes and in test accuracy (loss)."""
        return self.table.loc[self.table["frontier"]]

    @property
    def best(self) -> int | None:
        """Row of the setting that does best on validation examples (test rows choose nothing); None if all diverged."""
        values = self.table["validation"].to_numpy(float) * (1 if self.metric == "accuracy" else -1)
        return None if np.isnan(values).all() else int(np.nanargmax(values))

    def label(self, row: int) -> str:
        """A setting in words."""
        return " ".join(f"{f.name}={self.table[f.name].iloc[row]}" for f in self.factors)

    def to_pandas(self) -> pd.DataFrame:
        """One row per setting."""
        return self.table.copy()

    def report(self, path: str | Path) -> Path:
        """Write the sweep; the file's ending chooses its form (.html, .json, .parquet)."""
        path = Path(path)
        if path.suffix not in PAGES:
            raise UsageError(
                f"A sweep cannot be written as {path.suffix or path.name!r}.", do=f"choose one of: {', '.join(PAGES)}"
            )
        return Path(find("writer", PAGES[path.suffix])(self, path))

    def __repr__(self) -> str:
        return f"Sweep({self.name}: {len(self.table)} settings x {self.seeds} seeds; {', '.join(self.table.columns)})"


def assembled(
    task: Task, factors: Sequence[Factor], settings: Sequence[tuple[Setting, int, float | None]],
    cells: Sequence[Cells], shares: Sequence[Interval] | None, seconds: Sequence[Sequence[float]], **about: Any,
) -> Sweep:  # fmt: skip
    """The sweep of these cells (settings of seeds)."""
    rows = [row_of(s, c, task, p, lr) for (s, p, lr), c in zip(settings, cells, strict=True)]
    if shares is not None:
        rows = [row | spread("memorized", found) for row, found in zip(rows, shares, strict=True)]
    table = pd.DataFrame(rows)
    test = np.stack([[c["test"] for c in seeds] for seeds in cells])
    axis = axis_of(table)
    by_seed = memorized_by_seed(axis, table, cells, test, sign := 1 if task.classes else -1)
    return Sweep(
        task.name, "accuracy" if task.classes else "loss", tuple(factors), with_frontier(table, by_seed, test, sign),
        cell_table(table, cells), axis, test, by_seed, np.array(seconds), task.train.ids,
        curves(table, factors, test, bool(task.classes)), **about,
    )  # fmt: skip


def memorized_by_seed(
    axis: Memorized, table: pd.DataFrame, cells: Sequence[Cells], test: np.ndarray, sign: int
) -> np.ndarray:
    """What each training memorizes (settings, seeds); the models' share is that of the setting."""
    if axis == "memorized":
        return np.where(np.isfinite(test).all(2), table["memorized"].to_numpy(float)[:, None], np.nan)
    if axis == "wrong_fitted":
        return np.stack([scalars(seeds, "wrong_fitted") for seeds in cells])
    return sign * (np.stack([scalars(seeds, "train") for seeds in cells]) - test.mean(2))


def cell_table(table: pd.DataFrame, cells: Sequence[Cells]) -> pd.DataFrame:
    """One row per training: setting, seed, and its numbers."""
    rows = []
    for number, seeds in zip(table["setting"], cells, strict=True):
        for k, cell in enumerate(seeds):
            means = {part: float(cell[part].mean()) for part in ("validation", "test")}
            rows.append({"setting": number, "seed": k} | {n: float(v) for n, v in cell.items() if not v.ndim} | means)
    return pd.DataFrame(rows)


def curves(
    table: pd.DataFrame, factors: Sequence[Factor], test: np.ndarray, classes: bool
) -> tuple[LearningCurve, ...]:
    """One learning curve for each combination of the factors beside size; none when size was not varied."""
    sizes = [f for f in factors if (f.kind, f.target) == ("data", "size")]
    if not sizes or len(sizes[0].texts) < 2:
        return ()
    others = [f.name for f in factors if f is not sizes[0]]
    groups = table.groupby(others, sort=False).indices if others else {(): np.arange(len(table))}
    found = []
    for key, rows in groups.items():
        rows = np.asarray(rows)[np.argsort(table["examples"].to_numpy()[rows], kind="stable")]
        if len(rows) < 2:
            continue
        texts = key if isinstance(key, tuple) else (key,)
        label = " ".join(f"{n}={t}" for n, t in zip(others, texts, strict=True))
        error = 1 - test[rows] if classes else test[rows]
        found.append(learning_curve(label, table["examples"].to_numpy(float)[rows], error))
    return tuple(found)
