"""How training went: accuracy and loss by epoch, on training, validation and test examples."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from byheart.data.task import Task
    from byheart.runs.run import Run

MOST_EPOCHS = 240  # longer runs are thinned: a curve has no more pixels than that


def learning_curves(run: Run, task: Task, what: str) -> pd.DataFrame | None:
    """Mean `what` ("correct" or "loss") by epoch: columns epoch (from 1), series, value, low, high (two standard
    errors), n.

    None where nothing was recorded, such as accuracy in regression.
    """
    import pandas as pd

    lines: dict[str, np.ndarray] = {"training": _array(run, what)}
    wrong = task.truth.get("wrong")
    if wrong is not None and np.any(wrong) and not np.all(wrong):
        wrong = np.asarray(wrong, bool)
        lines["training, clean labels"] = lines["training"][:, ~wrong]
        lines["training, wrong labels"] = lines["training"][:, wrong]
    for part in ("validation", "test"):
        held_out = _array(run, f"{part}_{what}")
        if held_out.size:
            lines[part] = held_out
    tables = [_line(name, values) for name, values in lines.items()]
    whole = pd.concat(tables, ignore_index=True)
    return whole if np.isfinite(whole["value"]).any() else None


def _array(run: Run, name: str) -> np.ndarray:
    return np.asarray(run[name], np.float64)


def _line(name: str, values: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    kept = thinned(len(values))
    values = values[kept]
    n = np.isfinite(values).sum(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # epochs without a finite value stay NaN
        mean, se = np.nanmean(values, 1), np.nanstd(values, 1) / np.sqrt(np.maximum(n, 1))
    return pd.DataFrame(
        {"epoch": kept + 1, "series": name, "value": mean, "low": mean - 2 * se, "high": mean + 2 * se, "n": n}
    )


def thinned(epochs: int, most: int = MOST_EPOCHS) -> np.ndarray:
    """At most `most` epochs (from 0), evenly spread, first and last among them."""
    return np.unique(np.linspace(0, epochs - 1, min(epochs, most)).round().astype(int))


def loss_band(loss: np.ndarray, kept: np.ndarray) -> dict[str, list[float | None]]:
    """The 10th, 50th and 90th percentile of all examples' loss (epochs, n) at the kept epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        low, middle, high = np.nanpercentile(loss[kept].astype(np.float64), [10, 50, 90], axis=1)
    return {"low": rounded(low), "middle": rounded(middle), "high": rounded(high)}


def rounded(values: np.ndarray) -> list[float | None]:
    """Three significant digits, None for NaN: fit for JSON."""
    return [float(f"{v:.3g}") if np.isfinite(v) else None for v in np.asarray(values, np.float64)]
