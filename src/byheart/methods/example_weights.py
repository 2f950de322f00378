"""Example weights: how much each training example counts in the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from byheart.base.errors import DataError
from byheart.data.examples import as_array, frozen
from byheart.methods.method import method
from byheart.runs.events import State


def checked(weights: Any) -> Float[np.ndarray, "n"]:
    """Weights (n,) as float32; DataError unless all are finite, none is negative and one is positive."""
    found = as_array(weights)
    if found.ndim != 1 or found.dtype.kind not in "biuf":
        raise DataError(
            f"Example weights are {found.dtype} of shape {found.shape}.", do="give one number per training example"
        )
    found = found.astype(np.float32)
    bad = ~(np.isfinite(found) & (found >= 0))
    if bad.any():
        raise DataError(
            f"{bad.sum()} example weights are negative or no numbers (first: {found[bad][0]:g} in row {bad.argmax()}).",
            do="give numbers from 0 on; 0 takes an example out of the loss",
        )
    if not found.any():
        raise DataError("All example weights are 0.", do="give at least one example a weight above 0")
    return frozen(found)


@method("example_weights", acts_on="loss", source="Shimodaira 2000, importance weighting")
@dataclass(frozen=True, eq=False)
class ExampleWeights:
    """Multiplies each example's loss by its weight; a batch's loss is the weighted mean.

    `weights` (n,), by training row, at least 0: an example of weight 0 is still watched and moves nothing by its loss
    (normalization layers still see it). Equal weights, or None, are plain training.
    """

    weights: Any = None

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", checked(self.weights))

    def __repr__(self) -> str:
        if self.weights is None:
            return "ExampleWeights()"
        return f"ExampleWeights({len(self.weights)} from {self.weights.min():g} to {self.weights.max():g})"

    def take(self, rows: Int[np.ndarray, "k"]) -> ExampleWeights:
        """The weights of some rows, in that order; DataError where none of them counts."""
        return self if self.weights is None else ExampleWeights(self.weights[rows])

    def fit_start(self, state: State) -> None:
        n = len(state.task.train)
        if self.weights is not None and len(self.weights) != n:
            raise DataError(
                f"There are {len(self.weights)} example weights for {n} training examples.", do="give one for each"
            )

    def losses(self, state: State) -> None:
        if self.weights is None or np.ptp(self.weights) == 0:
            return
        assert state.batch is not None and state.losses is not None
        weights = torch.from_numpy(self.weights[state.batch.rows]).to(state.losses)
        state.weights = weights if state.weights is None else state.weights * weights
        if not bool(state.weights.any()):  # nobody in this batch counts: no mean, and no step but the penalty's
            state.loss = (state.losses * 0).sum() + state.penalty
