"""Counts of what many models did to an example: with it in their training set, and without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Tally:
    """Sums over the models that trained on an example (in) and over those that did not (out); each (examples,)."""

    n_in: np.ndarray
    sum_in: np.ndarray
    n_out: np.ndarray
    sum_out: np.ndarray

    @property
    def mean_in(self) -> np.ndarray:
        """Mean over the models that had the example, NaN where there is none."""
        return _ratio(self.sum_in, self.n_in)

    @property
    def mean_out(self) -> np.ndarray:
        """Mean over the models that did not have the example, NaN where there is none."""
        return _ratio(self.sum_out, self.n_out)


def tally(member: Bool[np.ndarray, "models n"], value: Float[np.ndarray, "models n"]) -> Tally:
    """Sum `value` over the models with and without each example; a NaN value is a model that was not asked."""
    asked = np.isfinite(value)
    known = np.where(asked, value, 0.0)
    inside, outside = member & asked, ~member & asked
    return Tally(
        inside.sum(0).astype(float),
        np.where(inside, known, 0.0).sum(0, dtype=float),
        outside.sum(0).astype(float),
        np.where(outside, known, 0.0).sum(0, dtype=float),
    )


def _ratio(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
