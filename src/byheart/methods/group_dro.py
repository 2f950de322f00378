"""Group DRO: the group with the highest loss gains weight, so that the worst group decides what is learned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from byheart.methods.groups import groups_needed, sizes
from byheart.methods.method import method, within
from byheart.runs.events import State


def group_losses(
    losses: Float[Tensor, "b"], codes: Int[Tensor, "b"], groups: int
) -> tuple[Float[Tensor, "groups"], Int[Tensor, "groups"]]:
    """Mean loss and count of each group in a batch; 0 for a group that is not in it."""
    counts = torch.bincount(codes, minlength=groups)
    return losses.new_zeros(groups).index_add_(0, codes, losses) / counts.clamp(min=1), counts


def raised(
    q: Float[Tensor, "groups"],
    losses: Float[Tensor, "groups"],
    counts: Int[Tensor, "groups"],
    step_size: float,
    margins: Float[Tensor, "groups"],
) -> Float[Tensor, "groups"]:
    """q_g exp(step_size * (loss_g + margin_g)) / Z: the weights (groups,), summing to 1, after a batch.

    A group that is not in the batch is not raised; normalization alone changes it.
    """
    exponent = torch.where(counts > 0, step_size * (losses + margins), 0.0)
    grown = q * (exponent - exponent.max()).exp()  # the largest exponent taken out: it cancels in Z
    return grown / grown.sum()


def shares(q: Float[Tensor, "groups"], counts: Int[Tensor, "groups"], codes: Int[Tensor, "b"]) -> Float[Tensor, "b"]:
    """Factors (b,) on the losses, with which their mean over the batch is the sum over the groups of q_g loss_g."""
    return (len(codes) * q / counts.clamp(min=1))[codes]


@method("group_dro", acts_on="loss", source="Sagawa et al. 2020, Algorithm 1", needs_groups=True)
@dataclass(frozen=True)
class GroupDRO:
    """Learns the sum of q_g times the loss of group g, where q grows with the group's loss from batch to batch.

    `strength` mixes that with the plain mean: 1 is the paper's, 0 plain training. `step_size` is that of q,
    `adjustment` the C of a margin C / sqrt(n_g) that is added to each group's loss where q is updated. The paper draws
    groups equally often besides: ("group_balanced", "group_dro"). Kept in the run: "group_dro_weights" (epochs, groups)
    in the groups' alphabetical order.
    """

    strength: float = 1.0
    step_size: float = 0.01
    adjustment: float = 0.0

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, 1)
        within("step_size", self.step_size, 0, math.inf)
        within("adjustment", self.adjustment, 0, math.inf)

    def fit_start(self, state: State) -> None:
        names, codes = groups_needed("Group DRO", state)
        counts = sizes(codes[state.rows], len(names))
        state.own["group_dro"] = {
            "codes": torch.from_numpy(codes),
            "margins": torch.from_numpy(self.adjustment / np.sqrt(np.maximum(counts, 1))),
            "q": torch.full((len(names),), 1 / len(names), dtype=torch.float64),
            "history": np.full((state.task.recipe.epochs, len(names)), np.nan),
        }

    def losses(self, state: State) -> None:
        if not self.strength:
            return
        assert state.batch is not None and state.losses is not None
        own = state.own["group_dro"]
        codes = own["codes"][torch.from_numpy(state.batch.rows)]
        found, counts = group_losses(state.losses.detach().double().cpu(), codes, len(own["q"]))
        own["next"] = raised(own["q"], found, counts, self.step_size, own["margins"])
        factors = self.strength * shares(own["next"], counts, codes) + (1 - self.strength)
        state.losses = state.losses * factors.to(state.losses)

    def step(self, state: State) -> None:
        if self.strength:  # only now: a method that looks at the loss twice for one step raises q once
            state.own["group_dro"]["q"] = state.own["group_dro"].pop("next")

    def epoch_end(self, state: State) -> None:
        own = state.own["group_dro"]
        own["history"][state.epoch - 1] = own["q"].numpy()

    def fit_end(self, state: State) -> None:
        state.keep("group_dro_weights", state.own["group_dro"]["history"])
