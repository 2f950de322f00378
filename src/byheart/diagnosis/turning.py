"""When learning turned, the minimum of the smoothed validation loss, and how far held-out performance fell since."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from byheart.diagnosis.measure import Measure, missing

if TYPE_CHECKING:
    from byheart.runs.run import Run


@dataclass(frozen=True)
class Turn:
    """Epoch (from 1) of the minimum, the test loss's rise since then, and whether that rise is more than its
    uncertainty.
    """

    epoch: int
    rise: Measure
    text: str

    @property
    def turned(self) -> bool:
        """Whether new data got worse after the epoch, by more than its uncertainty."""
        return self.rise.least > 0


def width(epochs: int) -> int:
    """Epochs that are averaged: odd, about a fifteenth of all."""
    return 1 + 2 * (epochs // 30)


def smooth(series: np.ndarray) -> np.ndarray:
    """Centred moving mean (epochs,), shorter at both ends; NaNs are left out."""
    half = width(len(series)) // 2
    ok = np.isfinite(series)
    total = np.concatenate([[0.0], np.cumsum(np.where(ok, series, 0.0))])
    count = np.concatenate([[0], np.cumsum(ok)])
    epochs = np.arange(len(series))
    low, high = np.maximum(epochs - half, 0), np.minimum(epochs + half + 1, len(series))
    with np.errstate(invalid="ignore"):
        return (total[high] - total[low]) / np.where(count[high] > count[low], count[high] - count[low], np.nan)


def turning_epoch(run: Run) -> int:
    """The epoch (from 1) where the smoothed mean validation loss is least."""
    return lowest(mean_by_epoch(run["validation_loss"]))


def lowest(series: np.ndarray) -> int:
    """The epoch (from 1) where a series (epochs,) is least once it is smoothed; 1 for a series without numbers."""
    curve = smooth(series)
    return int(np.nanargmin(curve)) + 1 if np.isfinite(curve).any() else 1


def turn(run: Run) -> Turn:
    """The turning epoch, chosen on validation examples, and the loss's rise since then, read on test examples."""
    epoch = turning_epoch(run)
    rise = mean_change("rise", change(run["test_loss"], epoch), "loss", f"since epoch {epoch}")
    if epoch >= run.epochs - width(run.epochs) // 2:
        text = "validation loss was still at its minimum at the end"
    else:
        text = f"validation loss is least at epoch {epoch} of {run.epochs}"
    return Turn(epoch, rise, text)


def peak(run: Run, part: str = "validation") -> int:
    """The epoch (from 1) where smoothed accuracy on a part is highest; for regression where its loss is least."""
    if run.classes == 0:
        return lowest(mean_by_epoch(run[f"{part}_loss"]))
    return lowest(-mean_by_epoch(run[f"{part}_correct"]))


def drop(run: Run) -> Measure:
    """How far held-out accuracy fell (for regression: loss rose) from its peak to the end; positive: it got worse.

    A peak read on the rows that chose it is biased upwards. Validation rows choose the epoch at which test rows are
    read and test rows choose the one for validation rows, so that every held-out row counts and none is read where it
    chose.
    """
    column, worse, kind = ("loss", 1.0, "loss") if run.classes == 0 else ("correct", -1.0, "points")
    rows = [
        worse * change(run[f"{read}_{column}"], peak(run, chooses))
        for chooses, read in (("validation", "test"), ("test", "validation"))
    ]
    return mean_change(
        "drop", np.concatenate(rows), kind, f"from the peak (epoch {peak(run)} on validation) to the end"
    )


def change(rows: np.ndarray, epoch: int) -> np.ndarray:
    """Values (epochs, rows) averaged over the last epochs, minus those averaged around `epoch`: (rows,)."""
    values, size = np.asarray(rows, np.float64), width(len(rows))
    begin = max(min(epoch - 1 - size // 2, len(rows) - size), 0)  # near the end both windows are the same
    return values[-size:].mean(0) - values[begin : begin + size].mean(0)


def mean_change(name: str, difference: np.ndarray, kind: str, text: str) -> Measure:
    """The mean of paired differences (rows,) with its interval; NaNs are left out."""
    difference = difference[np.isfinite(difference)]
    n = len(difference)
    if n < 2:
        return missing(name, "at least two held-out examples", kind)
    value, se = float(difference.mean()), float(difference.std(ddof=1) / math.sqrt(n))
    return Measure(name, value, se, value - 1.96 * se, value + 1.96 * se, n, text, kind=kind)


def mean_by_epoch(rows: np.ndarray) -> np.ndarray:
    """Mean (epochs,) of values (epochs, rows); NaN for an epoch without any number."""
    values = np.asarray(rows, np.float64)
    ok = np.isfinite(values)
    count = ok.sum(1)
    return np.where(count > 0, np.where(ok, values, 0.0).sum(1) / np.maximum(count, 1), np.nan)
