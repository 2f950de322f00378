"""Dropout on any network: hidden units are zeroed at random while it trains."""

from __future__ import annotations

from dataclasses import dataclass

from torch.nn import functional as F

from byheart.methods.hidden import activations, in_training
from byheart.methods.method import method, within
from byheart.runs.events import State


@method("dropout", acts_on="representation", source="Srivastava et al. 2014")
@dataclass(frozen=True)
class Dropout:
    """Zeroes hidden units at random in training, so that no single unit can hold an example by itself.

    `p` is the share of units dropped after every activation; the rest is scaled by 1 / (1 - p).
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        within("p", self.p, 0, 0.99)

    def fit_start(self, state: State) -> None:
        if self.p:
            drop = in_training(lambda hidden: F.dropout(hidden, self.p))
            state.hooks += [module.register_forward_hook(drop) for module in activations(state.network)]
