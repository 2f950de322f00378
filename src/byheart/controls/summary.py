"""Cells -> one row per setting: accuracies, what is memorized, convergence, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from byheart.controls.frontier import membership, standard_error, undominated
from byheart.controls.setting import Setting
from byheart.data.task import Task
from byheart.diagnosis.groups import LEAST
from byheart.diagnosis.uncertainty import (
    UNKNOWN,
    Interval,
    normal,
    of_counts,
    of_rows,
    of_seeds,
    row_variance,
    seed_variance,
    within,
)

Cells = Sequence[Mapping[str, np.ndarray]]
Memorized = Literal["memorized", "wrong_fitted", "gap"]


def row_of(setting: Setting, cells: Cells, task: Task, parameters: int, rate: float | None) -> dict[str, Any]:
    """One row of the table: the setting, what it is, and what its seeds have measured.

    Intervals are over seeds, and over the rows of held-out sets and of wrong labels. A seed that diverged is counted
    and left out.
    """
    row: dict[str, Any] = {"setting": setting.number, **dict(zip(setting.names, setting.texts, strict=True))}
    train, test = scalars(cells, "train"), np.stack([c["test"] for c in cells])
    row |= {
        "seeds": len(cells), "diverged": int(scalars(cells, "diverged").sum()), "parameters": parameters,
        "examples": int(scalars(cells, "examples")[0]), "learning_rate": np.nan if rate is None else rate,
    }  # fmt: skip
    known = of_seeds(train)
    row |= spread("train", within(known, 0, 1) if task.classes else known)
    row |= spread("validation", of_rows(np.stack([c["validation"] for c in cells]))) | spread("test", of_rows(test))
    row |= spread("gap", gap(train, test, bool(task.classes)))
    row |= spread("wrong_fitted", of_counts(scalars(cells, "wrong_fitted"), scalars(cells, "wrong")))
    row |= worst_group(test, np.stack([c["validation"] for c in cells]), task)
    row |= spread("complexity", of_seeds(scalars(cells, "complexity")))
    reached = scalars(cells, "epochs_to_converge")
    row |= {"epochs_trained": mean(scalars(cells, "epochs")), "epochs_to_converge": mean(reached)}
    return row | {"converged": int(np.isfinite(reached).sum())}


def gap(train: Float[np.ndarray, "seeds"], test: Float[np.ndarray, "seeds rows"], classes: bool) -> Interval:
    """How much worse the network does on new data: training minus test accuracy, for regression the other way round."""
    there = np.isfinite(train)
    if not there.any():
        return UNKNOWN
    difference = (train[there] - test[there].mean(1)) * (1 if classes else -1)
    found = normal(float(difference.mean()), seed_variance(difference) + row_variance(test[there]))
    return within(found, -1, 1) if classes else found


def scalars(cells: Cells, name: str) -> Float[np.ndarray, "seeds"]:
    """One number of each seed's cell."""
    return np.array([float(c[name]) for c in cells])


def mean(values: Float[np.ndarray, "seeds"]) -> float:
    """The mean of what is known, NaN of nothing."""
    return float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else np.nan


def spread(name: str, found: Interval) -> dict[str, float]:
    """A column with its interval."""
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def worst_group(test: np.ndarray, validation: np.ndarray, task: Task) -> dict[str, Any]:
    """Test accuracy (loss) of the group that does worst on validation examples; nothing without groups.

    `test` and `validation` are (seeds, rows).
    """
    there, here = task.validation.groups, task.test.groups
    if there is None or here is None:
        return {}
    both = np.concatenate([there, here])
    names = [g for g in np.unique(both) if (both == g).mean() >= LEAST and (there == g).any() and (here == g).any()]
    known = validation[np.isfinite(validation).all(1)]
    if len(names) < 2 or not len(known):
        return {"worst_group_name": "", **spread("worst_group", of_rows(test[:0]))}
    sign = 1 if task.classes else -1
    worst = min(names, key=lambda g: sign * known[:, there == g].mean())
    return {"worst_group_name": str(worst), **spread("worst_group", of_rows(test[:, here == worst]))}


def axis_of(table: pd.DataFrame) -> Memorized:
    """The measure of memorization that every setting has: the models' if there are, else wrong labels, else the gap."""
    trained = table["diverged"].to_numpy(int) < table["seeds"].to_numpy(int)
    for name in ("memorized", "wrong_fitted"):
        if name in table and trained.any() and np.isfinite(table[name].to_numpy(float)[trained]).all():
            return name
    return "gap"


def with_frontier(
    table: pd.DataFrame, memorized: Float[np.ndarray, "settings seeds"],
    worth: Float[np.ndarray, "settings seeds rows"], sign: int,
) -> pd.DataFrame:  # fmt: skip
    """The table with `frontier` (on it or not) and `frontier_probability` (how often, drawing seeds and rows anew)."""
    axis = axis_of(table)
    error = np.zeros(len(table))
    if axis == "memorized":  # measured once for all seeds
        error = np.array([standard_error(*v) for v in table[["memorized_low", "memorized_high"]].to_numpy(float)])
    there = undominated(table[axis].to_numpy(float), sign * table["test"].to_numpy(float))
    return table.assign(frontier=there, frontier_probability=membership(memorized, error, sign * worth))
