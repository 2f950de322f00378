"""REPAIR: examples are weighted so that a known bias says as little as possible about the label, and resampled so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from byheart.base.errors import DataError, UsageError
from byheart.base.seeds import generator
from byheart.methods.bias_feature import Bias, checked_bias, features_of
from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State

RULES = ("sample", "threshold", "rank", "class_rank")
RATE, DECAY = 10.0, 1e-4


def bias(
    logits: Float[Tensor, "b classes"], targets: Int[Tensor, "b"], weights: Float[Tensor, "b"]
) -> Float[Tensor, ""]:
    """B = 1 - L_w / H_w: how much of the labels' entropy H_w a classifier with these logits explains; 1 is all of it.

    L_w is its cross-entropy with the examples' weights, H_w the entropy of the classes under the weights; 0 where only
    one class has weight.
    """
    share = weights / weights.sum()
    loss = (share * F.cross_entropy(logits, targets, reduction="none")).sum()
    classes = torch.zeros(logits.shape[1], dtype=share.dtype).index_add_(0, targets, share)
    entropy = -torch.xlogy(classes, classes).sum()
    return 1 - loss / entropy if float(entropy.detach()) > 1e-6 else 0 * loss


def fit_classifier(
    model: torch.nn.Linear, x: Float[Tensor, "n d"], y: Int[Tensor, "n"], weights: Float[Tensor, "n"]
) -> None:
    """Fit a linear classifier to weighted examples from where it stands; DECAY bounds it where the bias decides all."""
    share = weights / weights.sum()
    descent = torch.optim.LBFGS(model.parameters(), max_iter=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        descent.zero_grad()
        loss = (share * F.cross_entropy(model(x), y, reduction="none")).sum() + DECAY * model.weight.square().sum()
        loss.backward()
        return loss

    descent.step(closure)  # type: ignore[arg-type]


def weights_against(
    features: Float[np.ndarray, "n d"], targets: Int[np.ndarray, "n"], classes: int, rounds: int, batch: int
) -> Float[np.ndarray, "n"]:
    """Weights (n,) in (0, 1) under which a linear classifier on `features` explains little of the labels.

    In each round the classifier is fitted, and the weights, sigmoids, take a step down the bias: as long as an epoch's
    by batches. Li and Vasconcelos (2019) let both step in turn; a classifier that lags behind is not needed, because
    its problem is convex, and harms, because the weights then lower the labels' entropy in place of the bias.
    """
    x, y = torch.from_numpy(features), torch.from_numpy(targets.copy())
    model = torch.nn.Linear(x.shape[1], classes, dtype=torch.float64)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    omega = torch.zeros(len(x), dtype=torch.float64, requires_grad=True)
    for _ in range(rounds):
        fit_classifier(model, x, y, omega.detach().sigmoid())
        with torch.no_grad():
            logits = model(x)
        (slope,) = torch.autograd.grad(bias(logits, y, omega.sigmoid()), omega)
        with torch.no_grad():
            omega -= RATE * len(x) / batch * slope
    return omega.detach().sigmoid().numpy()


def kept_rows(
    weights: Float[np.ndarray, "n"], targets: Int[np.ndarray, "n"], rule: str, random: np.random.Generator
) -> Bool[np.ndarray, "n"]:
    """Which examples are kept, (n,), by their weights as probabilities.

    "sample" keeps each with its probability, "threshold" those above 1/2, "rank" as many of the largest as are expected
    to be kept, "class_rank" the same in each class.
    """
    if rule == "sample":
        return random.random(len(weights)) < weights
    if rule == "threshold":
        return weights > 0.5
    kept = np.zeros(len(weights), bool)
    for part in [targets == k for k in np.unique(targets)] if rule == "class_rank" else [np.ones(len(targets), bool)]:
        inside = np.flatnonzero(part)
        order = inside[np.argsort(-weights[inside], kind="stable")]
        kept[order[: round(float(weights[inside].sum()))]] = True
    return kept


@method("repair", acts_on="sample", source="Li and Vasconcelos 2019")
@dataclass(frozen=True)
class REPAIR:
    """Trains on a part of the examples, drawn so that a known bias says little about the label.

    `bias` is "colour" (the largest value of each channel), "groups", or an array (n, d) by training row: not what the
    label follows from, or nothing is left to learn. `strength` 1 keeps an example with its weight's probability, 0 all
    of them. `keep` is one of "sample", "threshold", "rank" and "class_rank"; `rounds` is how often the weights are
    changed. Kept in the run: "repair_weights" (n,), NaN for rows that are not trained on, and "repair_kept".
    """

    strength: float = 1.0
    bias: Bias = "colour"
    keep: str = "sample"
    rounds: int = 200

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, 1)
        within("rounds", self.rounds, 1, 1e6)
        checked_bias(self.bias)
        if self.keep not in RULES:
            raise UsageError(f"There is no rule called {self.keep!r}.", do=f"choose one of: {', '.join(RULES)}")

    def fit_start(self, state: State) -> None:
        classes, train, rows = classes_needed("REPAIR", state), state.task.train, state.rows
        features = features_of(self.bias, state.task)[rows]
        if not self.strength:
            return
        if "repair" not in state.own:
            batch = state.task.recipe.batch
            weights = np.full(len(train), np.nan)
            weights[rows] = weights_against(features, train.targets[rows], classes, self.rounds, batch)
            state.own["repair"] = {"weights": weights}
        weights = np.asarray(state.own["repair"]["weights"])
        chance = 1 - self.strength * (1 - weights[rows])
        kept = kept_rows(chance, train.targets[rows], self.keep, generator(state.seed, "repair", "kept"))
        if kept.sum() < 2:
            raise DataError(
                f"REPAIR keeps {kept.sum()} of {len(rows)} examples.",
                "The bias explains the label of nearly all of them.", 'lower strength, or take keep="class_rank"',
            )  # fmt: skip
        state.keep("repair_weights", weights)
        state.keep("repair_kept", np.isin(np.arange(len(train)), rows[kept]))
        state.rows = rows[kept]
