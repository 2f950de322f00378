"""Stochastic weight averaging: the network that is kept is the mean of the last epochs' networks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.seeds import spawn
from byheart.methods.method import method, within
from byheart.runs.events import State


def running_mean(mean: Float[Tensor, "*shape"], value: Float[Tensor, "*shape"], count: int) -> Float[Tensor, "*shape"]:
    """The mean of count + 1 values from that of `count` and the next one. Izmailov et al. 2018, algorithm 1."""
    return mean + (value - mean) / (count + 1)


@method("swa", acts_on="weights", source="Izmailov et al. 2018")
@dataclass(frozen=True)
class SWA:
    """Averages the weights at the ends of the last epochs, which lie around a flatter place than each of them.

    `start` is the share of the recipe's epochs before the first one that counts; 1 is plain training. Batch norm's
    running statistics are taken anew from the training examples. A learning rate that has sunk to 0 averages weights
    that no longer move: use `Recipe(schedule="constant")`.
    """

    start: float = 0.75

    def __post_init__(self) -> None:
        within("start", self.start, 0, 1)

    def epoch_end(self, state: State) -> None:
        if self.start == 1 or state.epoch <= self.start * state.task.recipe.epochs:
            return
        now = {name: p.detach().clone() for name, p in state.network.named_parameters()}
        own = state.own.setdefault("swa", {"count": 0, "mean": now})
        mean = {name: torch.as_tensor(before).to(now[name]) for name, before in own["mean"].items()}
        count = int(own["count"])
        own["mean"] = {name: running_mean(mean[name], now[name], count) for name in now}
        own["count"] = count + 1

    def fit_end(self, state: State) -> None:
        if "swa" in state.own:
            with torch.no_grad():
                for name, p in state.network.named_parameters():
                    p.copy_(torch.as_tensor(state.own["swa"]["mean"][name]))
            normalize_anew(state)


def normalize_anew(state: State) -> None:
    """Batch norm's running mean and variance become those of the training examples: the mean over one epoch's batches.

    Everything else is in eval mode meanwhile, so that nothing is dropped.
    """
    norms = [m for m in state.network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    norms = [m for m in norms if m.track_running_stats]
    if not norms:
        return
    momenta = [m.momentum for m in norms]
    state.network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for the plain mean over batches
        norm.train()
    order = torch.Generator().manual_seed(spawn(state.seed, "swa"))
    with torch.no_grad():
        for batch in state.task.batches(state.rows, state.epoch, order):
            state.network(batch.inputs.to(state.device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    state.network.train()
