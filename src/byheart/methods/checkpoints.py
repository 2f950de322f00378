"""Checkpoints: the parameters at the start and every few epochs, kept with the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.base.errors import UsageError
from byheart.methods.method import method
from byheart.runs.events import State
from byheart.runs.resume import flat


@method("checkpoints", acts_on="nothing", source="Pruthi et al. 2020 (TracIn), section 3")
@dataclass(frozen=True)
class Checkpoints:
    """Keeps the network's parameters at the start, every few epochs and at the end; training is as without it.

    `run.checkpoints` reads them: epoch -> weights, with the learning rate of that epoch.
    """

    every: int = 10

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UsageError(f"every={self.every} keeps nothing.", do="give a number of epochs of at least 1")

    def fit_start(self, state: State) -> None:
        if "checkpoint/0/lr" not in state.kept:
            self._keep(state)

    def epoch_end(self, state: State) -> None:
        if state.epoch % self.every == 0 or state.epoch == state.task.recipe.epochs or state.stop:
            self._keep(state)

    def _keep(self, state: State) -> None:
        place = f"checkpoint/{state.epoch}"
        for name, array in flat("weights", state.network).items():
            state.keep(f"{place}/{name}", array)
        state.keep(f"{place}/lr", np.array([state.optimizer.param_groups[0]["lr"]]))
