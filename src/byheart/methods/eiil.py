"""EIIL: environments are inferred between which one classifier is worst scaled, and IRM is trained on them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from byheart.base.seeds import spawn
from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State
from byheart.runs.loop import begin, fit, one_thread, outputs


def scale_gradient(logits: Float[Tensor, "b classes"], targets: Int[Tensor, "b"]) -> Float[Tensor, "b"]:
    """d/dw of the cross-entropy of w * logits at w = 1, (b,): sum over k of (p_k - [k = y]) logit_k.

    Negative where larger logits would lower the loss, positive where they would raise it.
    """
    return (logits.softmax(1) * logits).sum(1) - logits.gather(1, targets[:, None])[:, 0]


def environments(gradients: Float[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Whether each example is in the first of two environments, (n,): the split that IRM's penalty is largest on.

    Creager et al. climb (1/2) sum over q, 1 - q of (mean of q_i g_i)^2 in q from 0 to 1. With A = sum of q_i g_i and
    the fixed S = sum of g_i that is A^2 + (S - A)^2, convex in A, so its maximum is at the largest or smallest A, which
    are equal in value: q_i = [g_i > 0]. Nothing has to be climbed.
    """
    return gradients > 0


def within_environments(values: Float[Tensor, "b"], first: Bool[Tensor, "b"]) -> Float[Tensor, "present"]:
    """Mean value in each environment that occurs in the batch: first, second."""
    return torch.stack([values[mask].mean() for mask in (first, ~first) if mask.any()])


def factors(first: Bool[Tensor, "b"]) -> Float[Tensor, "b"]:
    """Factors (b,) on the losses, with which their mean is the mean over the environments of each one's mean loss."""
    counts = torch.stack([(~first).sum(), first.sum()])
    return len(first) / ((counts > 0).sum() * counts[first.long()])


@method("eiil", acts_on="loss", source="Creager et al. 2021; Arjovsky et al. 2019", trains_twice=True)
@dataclass(frozen=True)
class EIIL:
    """Trains a reference first, infers two environments from its mistakes, and then demands of the network that one
    scale of its outputs is right in both.

    `penalty` is the weight of IRM's penalty, the squared gradient of an environment's loss to that scale; it is 1 in
    the first `warmup` epochs, and the loss is divided by it; 0 is plain training. `epochs` is how long the reference
    trains (None: by the recipe): it should know the shortcut and not yet the exceptions. Environments are formed in
    each batch: take large ones. Kept in the run: "eiil_environment" (n,), 1 where the reference is over-confident, 0
    elsewhere, -1 for rows that are not trained on.
    """

    penalty: float = 1e4
    warmup: int = 1
    epochs: int | None = None

    def __post_init__(self) -> None:
        within("penalty", self.penalty, 0, math.inf)
        within("warmup", self.warmup, 0, math.inf)

    def fit_start(self, state: State) -> None:
        classes_needed("EIIL", state)
        if not self.penalty:
            return
        if "eiil" not in state.own:
            state.own["eiil"] = {"environment": self.inferred(state)}
        state.keep("eiil_environment", np.asarray(state.own["eiil"]["environment"]))

    def inferred(self, state: State) -> Int[np.ndarray, "n"]:
        """The environment (n,) of each row by a network that is trained for it; -1 outside the rows."""
        task, rows = state.task, state.rows
        recipe = dataclasses.replace(task.recipe, epochs=self.epochs or task.recipe.epochs)
        first = dataclasses.replace(task, recipe=recipe)
        with one_thread():
            reference = fit(begin(first, rows, spawn(state.seed, "eiil"))).network
        seen = task.train.take(rows)
        logits = torch.from_numpy(outputs(task, reference, seen, state.device)).double()
        found = np.full(len(task.train), -1)
        found[rows] = environments(scale_gradient(logits, torch.tensor(seen.targets)).numpy())
        return found

    def losses(self, state: State) -> None:
        if not self.penalty:
            return
        assert state.batch is not None and state.losses is not None and state.logits is not None
        environment = torch.as_tensor(state.own["eiil"]["environment"])
        first = (environment[torch.from_numpy(state.batch.rows)] == 1).to(state.device)
        gradients = scale_gradient(state.logits, state.batch.targets)
        weight = 1.0 if state.epoch < self.warmup else self.penalty
        size = max(weight, 1.0)
        state.losses = state.losses * factors(first).to(state.losses) / size
        state.penalty = state.penalty + weight / size * within_environments(gradients, first).square().mean()
