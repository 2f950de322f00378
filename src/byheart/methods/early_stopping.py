"""Early stopping: training ends when the validation examples stop gaining, and the best weights are put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.methods.method import method
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State

MEASURES = ("loss", "accuracy")


def copied(network: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, as they are now."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


@method("early_stopping", acts_on="stop", source="Prechelt 1998")
@dataclass(frozen=True)
class EarlyStopping:
    """Ends training after `patience` epochs without a better validation measure, and puts the best weights back.

    `measure` is "loss" or "accuracy". Normalization's running statistics are put back with the weights. With a
    `patience` above the epochs nothing is stopped and the best epoch is still taken; None is plain training. Kept in
    the run: "early_stopping_epoch", how many epochs the best weights were trained.
    """

    patience: int | None = 5
    measure: str = "loss"
    reads_held_out: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.patience is not None and (self.patience != int(self.patience) or self.patience < 1):
            raise UsageError(f"patience={self.patience!r} is out of range.", do="give a whole number from 1, or None")
        if self.measure not in MEASURES:
            raise UsageError(
                f"There is no measure called {self.measure!r}.", do=f"choose one of: {', '.join(MEASURES)}"
            )

    def fit_start(self, state: State) -> None:
        if self.measure == "accuracy":
            classes_needed("Stopping by accuracy", state)

    def epoch_end(self, state: State) -> None:
        if self.patience is None:
            return
        found = state.held_out["validation_loss"] if self.measure == "loss" else -state.held_out["validation_correct"]
        best: dict[str, Any] = state.own.get("early_stopping", {"value": np.inf})
        if found < best["value"]:
            best = {"value": found, "epoch": state.epoch, "weights": copied(state.network)}
            state.own["early_stopping"] = best
        state.stop = state.stop or state.epoch - best.get("epoch", 0) >= self.patience

    def fit_end(self, state: State) -> None:
        if "early_stopping" in state.own:
            best = state.own["early_stopping"]
            state.network.load_state_dict({name: torch.as_tensor(saved) for name, saved in best["weights"].items()})
            state.keep("early_stopping_epoch", np.array(best["epoch"]))
