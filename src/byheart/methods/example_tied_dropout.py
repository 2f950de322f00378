"""Example-tied dropout: each example gets hidden channels of its own to memorize in, which prediction leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.methods.hidden import activations
from byheart.methods.method import method, within
from byheart.runs.events import State

MODES = ("drop", "test")


def own_channels(ids: Sequence[Any] | np.ndarray, channels: int, fixed: float, own: float, place: int) -> Bool[
    np.ndarray, "n channels"
]:  # fmt: skip
    """Which channels are on for each example: the first, a `fixed` share, for all, every other one with
    probability `own`, decided once and for all by the example's id and the layer's place. Maini et al. 2023.
    """
    shared = shared_channels(channels, fixed)
    draws = np.stack([generator(0, "example_tied_dropout", place, plain(i)).random(channels) for i in ids])
    return (draws < own) | (np.arange(channels) < shared)


def shared_channels(channels: int, fixed: float) -> int:
    """How many channels serve every example: floor(fixed * channels), but one at least, or nothing could be said."""
    return max(1, math.floor(fixed * channels))


def plain(identity: Any) -> int | str:
    """An id as it enters a seed."""
    return str(identity) if isinstance(identity, str) else int(identity)


def scales(channels: int, fixed: float, own: float, mode: str) -> Float[np.ndarray, "channels"]:
    """What each channel is multiplied with in prediction.

    "test" scales memorization channels by `own`, as often as they were on; "drop" silences them and scales the fixed
    ones by (fixed + own) / fixed. Maini et al. 2023.
    """
    shared = np.arange(channels) < shared_channels(channels, fixed)
    at = (1.0, own) if mode == "test" else ((fixed + own) / fixed, 0.0)
    return np.where(shared, *at).astype(np.float32)


class Tied(nn.Module):
    """An activation and the masks on its channels: in training those of the batch's examples, else fixed scales."""

    def __init__(self, activation: nn.Module, fixed: float, own: float, mode: str, place: int) -> None:
        super().__init__()
        self.activation = activation
        self.fixed, self.own, self.mode, self.place = fixed, own, mode, place
        self.ids: np.ndarray = np.zeros(0, np.int64)
        self.rows: np.ndarray = np.zeros(0, np.int64)
        self.masks: dict[int, Tensor] = {}  # by channels: one module may serve several layers

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.activation(inputs)
        channels = hidden.shape[1]
        if not self.training:
            on = torch.from_numpy(scales(channels, self.fixed, self.own, self.mode)).to(hidden)[None]
        elif len(self.rows) == len(hidden):
            if channels not in self.masks:
                masks = own_channels(self.ids, channels, self.fixed, self.own, self.place)
                self.masks[channels] = torch.from_numpy(masks)
            on = self.masks[channels][torch.from_numpy(self.rows)].to(hidden)
        else:
            raise UsageError(
                f"Example-tied dropout sees {len(hidden)} inputs and knows the ids of {len(self.rows)}.",
                "In training every input needs the channels of its example.",
                "leave out methods that train on other inputs than the batch's, or network.eval()",
            )
        return hidden * on.reshape(*on.shape, *(1,) * (hidden.ndim - 2))


def tied(network: nn.Module, fixed: float, own: float, mode: str) -> nn.Module:
    """The network with every activation wrapped into a `Tied`, in place; parameters stay the same objects."""
    places = {id(module): Tied(module, fixed, own, mode, k) for k, module in enumerate(activations(network))}
    for parent in list(network.modules()):
        for name, child in list(parent._modules.items()):  # named_children leaves a second place of one module out
            if id(child) in places:
                setattr(parent, name, places[id(child)])
    return network


def predicting(network: nn.Module, mode: str) -> nn.Module:
    """The network, set to predict in "drop" or "test" mode; UsageError for another."""
    if mode not in MODES:
        raise UsageError(f"There is no mode called {mode!r}.", do=f"choose one of: {', '.join(MODES)}")
    for module in network.modules():
        if isinstance(module, Tied):
            module.mode = mode
    return network


@method("example_tied_dropout", acts_on="representation", source="Maini et al. 2023")
@dataclass(frozen=True)
class ExampleTiedDropout:
    """Gives each example hidden channels of its own, where what is peculiar to it settles, and predicts without them.

    The first `fixed` share of every layer's channels serves all examples (1: plain training); each other channel
    serves an example with probability `own`. `mode` says how the network predicts: "drop" silences the memorization
    channels, "test" weights them by `own`. Masks sit after every activation; in a residual network that includes the
    one after each block. The trajectory, read in training, shows what was memorized.
    """

    fixed: float = 0.2
    own: float = 0.1
    mode: str = "drop"

    def __post_init__(self) -> None:
        within("fixed", self.fixed, 0.01, 1)
        within("own", self.own, 0, 1)
        if self.mode not in MODES:
            raise UsageError(f"There is no mode called {self.mode!r}.", do=f"choose one of: {', '.join(MODES)}")

    def fit_start(self, state: State) -> None:
        if self.fixed < 1:
            state.network = self.rebuild(state.network)
            for module in _tied_in(state.network):
                module.ids = state.task.train.ids

    def batch(self, state: State) -> None:
        assert state.batch is not None
        for module in _tied_in(state.network):
            module.rows = state.batch.rows

    def rebuild(self, network: nn.Module) -> nn.Module:
        """A network of `task.build()` with the masks that prediction needs."""
        return tied(network, self.fixed, self.own, self.mode) if self.fixed < 1 else network


def _tied_in(network: nn.Module) -> list[Tied]:
    return [module for module in network.modules() if isinstance(module, Tied)]
