"""The too-good-to-be-true prior: what a network of low capacity already knows counts for less."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from byheart.base.seeds import spawn
from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed
from byheart.models.mlp import mlp
from byheart.runs.events import State
from byheart.runs.loop import begin, fit, one_thread, outputs


def importance(
    logits: Float[Tensor, "n classes"], targets: Int[Tensor, "n"], strength: float = 1.0
) -> Float[Tensor, "n"]:
    """Weights (n,) in proportion to 1 - strength * p(y | x), with mean 1, from a low-capacity network's logits.

    Equal weights when every p(y | x) is 1.
    """
    left = 1 - strength * (-F.cross_entropy(logits.double(), targets, reduction="none")).exp()
    total = left.mean()
    return left / total if total > 0 else torch.ones_like(left)


@method("too_good_to_be_true", acts_on="loss", source="Dagaev et al. 2023", trains_twice=True)
@dataclass(frozen=True)
class TooGoodToBeTrue:
    """Trains a small network first, and gives little weight to the examples whose label it already knows.

    `strength` is 1 in the paper, 0 is plain training. The small network is a perceptron with the layers `hidden` (none:
    a linear classifier), trained by the same recipe for `epochs` (None: the recipe's).
    """

    strength: float = 1.0
    hidden: tuple[int, ...] | int = ()
    epochs: int | None = None

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, 1)

    def fit_start(self, state: State) -> None:
        classes_needed("The too-good-to-be-true prior", state)
        if not self.strength or "too_good_to_be_true" in state.own:
            return
        task, rows = state.task, state.rows
        recipe = dataclasses.replace(task.recipe, epochs=self.epochs or task.recipe.epochs)
        layers = (self.hidden,) if isinstance(self.hidden, int) else self.hidden
        small = dataclasses.replace(task, network=partial(mlp, hidden=layers), recipe=recipe)
        with one_thread():
            trained = fit(begin(small, rows, spawn(state.seed, "too_good_to_be_true")))
        seen = task.train.take(rows)
        logits = torch.from_numpy(outputs(small, trained.network, seen, state.device))
        weights = torch.full((len(task.train),), torch.nan)
        weights[torch.from_numpy(rows)] = importance(logits, torch.tensor(seen.targets), self.strength).float()
        state.own["too_good_to_be_true"] = {"weights": weights}
        state.keep("too_good_to_be_true_weights", weights.numpy())

    def losses(self, state: State) -> None:
        if self.strength:
            assert state.batch is not None and state.losses is not None
            weights = torch.as_tensor(state.own["too_good_to_be_true"]["weights"])
            state.losses = state.losses * weights[torch.from_numpy(state.batch.rows)].to(state.losses)
