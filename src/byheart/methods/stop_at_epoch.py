"""Stop at an epoch: training ends early, the schedule of learning rates being that of the whole training."""

from __future__ import annotations

from dataclasses import dataclass

from byheart.base.errors import UsageError
from byheart.methods.method import method
from byheart.runs.events import State


@method("stop_at_epoch", acts_on="stop", source="Prechelt 1998")
@dataclass(frozen=True)
class StopAtEpoch:
    """Ends training after so many epochs, as if it had been interrupted there.

    Unlike a recipe of fewer epochs it leaves the learning rates as they are. None is plain training.
    """

    epochs: float | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None and (self.epochs != int(self.epochs) or self.epochs < 1):
            raise UsageError(f"epochs={self.epochs!r} is out of range.", do="give a whole number from 1, or None")

    def epoch_end(self, state: State) -> None:
        state.stop = state.stop or (self.epochs is not None and state.epoch >= self.epochs)
