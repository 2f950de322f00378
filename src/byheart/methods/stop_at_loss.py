"""Stop at loss: training ends when the training examples are fitted to a given loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from byheart.methods.method import method, within
from byheart.runs.events import State


def in_own_units(loss: float, deviation: float) -> float:
    """A mean squared error in squared deviations of the target, in squared units of the target."""
    return loss * deviation**2


@method("stop_at_loss", acts_on="stop", source="Bayat et al. 2024, figure 3")
@dataclass(frozen=True)
class StopAt:
    """Ends training after the first epoch whose mean training loss is below `loss`.

    The loss is that of the epoch's batches as they were presented, each before its step: cross-entropy in nats, or the
    squared error in squared units of the target, whatever scale it was trained on. 0 is plain training.
    """

    loss: float = 1e-6

    def __post_init__(self) -> None:
        within("loss", self.loss, 0, float("inf"))

    def epoch_start(self, state: State) -> None:
        state.own["stop_at_loss"] = {"sum": torch.zeros((), dtype=torch.float64), "count": 0}

    def step(self, state: State) -> None:
        assert state.losses is not None
        own = state.own["stop_at_loss"]
        own["sum"] = own["sum"] + state.losses.detach().cpu().to(torch.float64).sum()
        own["count"] += len(state.losses)

    def epoch_end(self, state: State) -> None:
        own = state.own["stop_at_loss"]
        mean = in_own_units(float(own["sum"]) / own["count"], state.task.target_scale[1])
        state.stop = state.stop or mean < self.loss
