"""Over the presentations of an example: sums and means that skip the epochs in which it was not seen."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Num

from byheart.base.errors import NotApplicable


def total(values: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Sum (n,) in float64, NaN for an example that was never seen."""
    seen = ~np.isnan(values)
    return np.where(seen.any(0), np.where(seen, values, 0).sum(0, dtype=np.float64), np.nan)


def mean(values: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Mean (n,) in float64, NaN for an example that was never seen."""
    return total(values) / np.maximum((~np.isnan(values)).sum(0), 1)


def last(values: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """The value (n,) at the last presentation, NaN for an example that was never seen."""
    seen = ~np.isnan(values)
    at = len(values) - 1 - np.argmax(seen[::-1], axis=0)
    return np.where(seen.any(0), np.take_along_axis(values, at[None], 0)[0], np.nan).astype(np.float64)


def early(values: Num[np.ndarray, "epochs n"]) -> Num[np.ndarray, "early n"]:
    """The first third of the epochs, rounded down, at least one."""
    return values[: max(1, len(values) // 3)]


def of_classes(values: Float[np.ndarray, "epochs n"], what: str) -> None:
    """NotApplicable where no example has a right and a wrong: regression, autoencoders."""
    if values.size and np.isnan(values).all():
        why = f"{what} needs classes, and this run has none (or saw no example)"
        raise NotApplicable(f"{why}; cumulative_loss works for both")
