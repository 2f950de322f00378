"""Small-loss selection: two networks, each choosing for the other the examples that it finds easy (co-teaching)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from byheart.base.errors import UsageError
from byheart.methods.method import method, within
from byheart.methods.second_network import follow, learn, second_network
from byheart.runs.events import State


def kept_share(epoch: int, forget: float, rise: int) -> float:
    """R = 1 - min(forget * epoch / rise, forget), `epoch` counted from 1: everything at first, then 1 - forget.

    Han et al. 2018, algorithm 1.
    """
    return 1 - min(forget * epoch / rise, forget)


def smallest(losses: Float[Tensor, "b"], share: float) -> Bool[Tensor, "b"]:
    """Whether an example is among the `share` of the batch with the smallest losses; at least one is."""
    count = max(1, round(share * len(losses)))
    chosen = torch.zeros_like(losses, dtype=torch.bool)
    chosen[losses.argsort(stable=True)[:count]] = True
    return chosen


@method("small_loss", acts_on="sample", source="Han et al. 2018", trains_twice=True)
@dataclass(frozen=True)
class SmallLoss:
    """Trains two networks, each on the examples of the batch that cost the other least: wrong labels cost most.

    `forget` is the share that is left out once `rise` epochs have passed, best the share of wrong labels. The network
    that is recorded is the first.
    """

    forget: float = 0.2
    rise: int = 10

    def __post_init__(self) -> None:
        within("forget", self.forget, 0, 1)
        if self.rise != int(self.rise) or self.rise < 1:
            raise UsageError(f"rise={self.rise!r} is out of range.", do="give a whole number of epochs from 1")

    def fit_start(self, state: State) -> None:
        if self.forget:
            state.own["small_loss"] = second_network(state, "small_loss")

    def epoch_start(self, state: State) -> None:
        if self.forget:
            follow(state.own["small_loss"], state)

    def losses(self, state: State) -> None:
        if not self.forget:
            return
        assert state.batch is not None and state.losses is not None
        peer, share = state.own["small_loss"], kept_share(state.epoch + 1, self.forget, self.rise)
        theirs = state.task.loss(peer["network"](state.batch.inputs), state.batch.targets)
        for_me, for_peer = smallest(theirs.detach(), share), smallest(state.losses.detach(), share)
        weights = torch.ones_like(state.losses) if state.weights is None else state.weights
        state.weights = weights * for_me
        learn(peer, theirs[for_peer].mean(), state)
