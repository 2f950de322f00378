"""Learning from failure: a network that is made to be biased shows, by failing, which examples the other must learn."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from byheart.methods.generalized_cross_entropy import generalized_cross_entropy
from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed, follow, learn, second_network
from byheart.runs.events import State

TINY = 1e-8


def averaged(old: Float[Tensor, "b"], new: Float[Tensor, "b"], decay: float) -> Float[Tensor, "b"]:
    """Moving average decay * old + (1 - decay) * new, (b,); where `old` is NaN, unseen so far, it is `new`."""
    return torch.where(old.isnan(), new, decay * old + (1 - decay) * new)


def in_units_of_class(
    losses: Float[Tensor, "n"], targets: Int[Tensor, "n"], classes: int, chosen: Int[Tensor, "b"]
) -> Float[Tensor, "b"]:
    """Average losses of the `chosen` rows over the largest that an example of their class has, (b,) in [0, 1]; NaN is
    unseen and counts for nothing.
    """
    largest = losses.new_zeros(classes).scatter_reduce_(0, targets, losses.nan_to_num(0.0), "amax")
    return losses[chosen] / largest[targets[chosen]].clamp(min=TINY)


def relative_difficulty(biased: Float[Tensor, "b"], debiased: Float[Tensor, "b"]) -> Float[Tensor, "b"]:
    """W = L_B / (L_B + L_D + 1e-8), (b,) in [0, 1): near 1 where the biased network fails and the other does not."""
    return biased / (biased + debiased + TINY)


@method("lff", acts_on="loss", source="Nam et al. 2020", trains_twice=True)
@dataclass(frozen=True)
class LfF:
    """Weights each example by how much harder it is for a network that is biased towards what is easy.

    Beside the network a second one learns by generalized cross-entropy with exponent `q`; both losses are averaged over
    epochs with `decay`, in units of the largest of their class. The network then learns W * cross-entropy.
    """

    q: float = 0.7
    decay: float = 0.7

    def __post_init__(self) -> None:
        within("q", self.q, 0, 1)
        within("decay", self.decay, 0, 0.999)

    def fit_start(self, state: State) -> None:
        classes_needed("LfF", state)
        unseen = torch.full((len(state.task.train),), torch.nan)
        state.own["lff"] = {
            "biased": second_network(state, "lff"),
            "biased_loss": unseen,
            "debiased_loss": unseen.clone(),
            "targets": torch.from_numpy(state.task.train.targets.copy()),
        }

    def epoch_start(self, state: State) -> None:
        follow(state.own["lff"]["biased"], state)

    def batch(self, state: State) -> None:
        assert state.batch is not None
        own, batch = state.own["lff"], state.batch
        logits = own["biased"]["network"](batch.inputs)
        with torch.no_grad():
            fresh = F.cross_entropy(logits, batch.targets, reduction="none").cpu()
            rows = torch.from_numpy(batch.rows)
            own["biased_loss"][rows] = averaged(own["biased_loss"][rows], fresh, self.decay)
        learn(own["biased"], generalized_cross_entropy(logits, batch.targets, self.q).mean(), state)

    def losses(self, state: State) -> None:
        assert state.batch is not None and state.losses is not None
        own, rows, classes = state.own["lff"], torch.from_numpy(state.batch.rows), state.task.classes
        fresh = state.losses.detach().cpu()
        own["debiased_loss"][rows] = averaged(own["debiased_loss"][rows], fresh, self.decay)
        biased, debiased = (
            in_units_of_class(own[f"{which}_loss"], own["targets"], classes, rows) for which in ("biased", "debiased")
        )
        state.losses = state.losses * relative_difficulty(biased, debiased).to(state.losses)
