"""Adaptive regularization: a controller adds dropout, decay and doubt when what holds beyond the examples is lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from byheart.methods.decoupled_weight_decay import shrink
from byheart.methods.hidden import activations, in_training
from byheart.methods.method import method, within
from byheart.runs.events import State
from byheart.runs.loop import outputs

# strength 1 is more than most tasks bear, strength 1/2 (dropout .35, decay .025) is what most are the better for
MOST_DROPOUT, MOST_DECAY, MOST_DOUBT = 0.7, 0.05, 0.7
FIRST = 0.5  # begun at 0, what is learned by heart in the first epochs is not unlearned again
PROPORTIONAL, INTEGRAL = 0.5, 0.5  # per unit of log loss; the integral's also per epoch
SMOOTHING = 0.5  # of the log validation loss over epochs, which a small validation set makes jump
TINY = 1e-6  # nats below which a loss is 0
SHARPEST, HALVINGS = 1e3, 50  # the search for a temperature: inverse ones up to this, in so many steps


def controlled(integral: float, error: float) -> tuple[float, float]:
    """Strength in [0, 1] and the new integral in [0, 1], by proportional-integral control with a bounded integral.

    `error` is how far the signal is above its target: neither output falls when it grows.
    """
    integral = min(1.0, max(0.0, integral + INTEGRAL * error))
    return min(1.0, max(0.0, integral + PROPORTIONAL * error)), integral


def doubt(losses: Float[Tensor, "b"], exponent: float) -> Float[Tensor, "b"]:
    """Weights p_y^exponent of examples from their cross-entropy, (b,) in (0, 1]: a label the network disbelieves counts
    for less, as under generalized cross-entropy.
    """
    return torch.exp(-exponent * losses.detach())


def calibrated_loss(logits: Float[Tensor, "n classes"], targets: Int[Tensor, "n"]) -> Float[Tensor, ""]:
    """Mean cross-entropy in nats at the temperature that makes it smallest: at most log classes, and blind to all
    logits being too large or too small. Guo et al. 2017.

    The loss is convex in the inverse temperature b, with slope mean(E_p[z] - z_y), p = softmax(b z); bisection finds
    its zero.
    """
    z = logits.double()
    own, low, high = z.gather(1, targets[:, None])[:, 0], 0.0, SHARPEST
    for _ in range(HALVINGS):
        b = (low + high) / 2
        slope = ((b * z).softmax(1) * z).sum(1).mean() - own.mean()
        low, high = (low, b) if slope > 0 else (b, high)
    return F.cross_entropy((low + high) / 2 * z, targets)


def validation_loss(state: State) -> float:
    """The loss on the validation examples, for classes at its best temperature."""
    if not state.task.is_classification:
        return state.held_out["validation_loss"]
    part = state.task.validation
    logits = outputs(state.task, state.network, part, state.device)
    return float(calibrated_loss(torch.from_numpy(logits), torch.from_numpy(part.targets.copy())))


@method("adaptive", acts_on="representation", source="byheart")
@dataclass(frozen=True)
class Adaptive:
    """Regularizes as much as keeps the validation loss from rising: dropout, decoupled decay and example weights.

    The signal of learning by heart is how far the logarithm of the validation loss, smoothed over epochs, is above its
    lowest so far; `target` is how far it may be (.01: about 1%; infinite: plain training), and a proportional-integral
    controller holds it there. For classes that loss is taken at its best temperature: over-confidence alone raises it
    too, and costs no accuracy. The controller's one output, the strength from 0 to 1, sets all three: dropout
    .7 * strength, decay .05 * strength, and, for classes, weights p_y^(.7 * strength). Kept in the run:
    "adaptive_strength" and "adaptive_rise" (epochs,), NaN where training ended before.
    """

    target: float = 0.01
    reads_held_out: ClassVar[bool] = True

    def __post_init__(self) -> None:
        within("target", self.target, 0, math.inf)

    def fit_start(self, state: State) -> None:
        if math.isinf(self.target):
            return
        unknown = np.full(state.task.recipe.epochs, np.nan)
        state.own["adaptive"] = {
            "strength": FIRST, "integral": FIRST, "level": math.nan, "lowest": math.inf,
            "strengths": unknown, "rises": unknown.copy(),
        }  # fmt: skip
        # the mapping is looked up in every pass: a resumed training has another one
        drop = in_training(lambda hidden: F.dropout(hidden, MOST_DROPOUT * state.own["adaptive"]["strength"]))
        state.hooks += [module.register_forward_hook(drop) for module in activations(state.network)]

    def losses(self, state: State) -> None:
        if "adaptive" in state.own and state.task.is_classification:
            assert state.losses is not None
            weights = doubt(state.losses, MOST_DOUBT * state.own["adaptive"]["strength"])
            state.weights = weights if state.weights is None else state.weights * weights

    def gradients(self, state: State) -> None:
        if "adaptive" in state.own:
            shrink(state.optimizer, MOST_DECAY * state.own["adaptive"]["strength"])

    def epoch_end(self, state: State) -> None:
        if "adaptive" not in state.own:
            return
        own = state.own["adaptive"]
        own["strengths"][state.epoch - 1] = own["strength"]
        now = math.log(validation_loss(state) + TINY)
        own["level"] = now if math.isnan(own["level"]) else SMOOTHING * own["level"] + (1 - SMOOTHING) * now
        own["lowest"] = min(own["lowest"], own["level"])
        rise = own["rises"][state.epoch - 1] = own["level"] - own["lowest"]
        own["strength"], own["integral"] = controlled(own["integral"], rise - self.target)

    def fit_end(self, state: State) -> None:
        if "adaptive" in state.own:
            state.keep("adaptive_strength", state.own["adaptive"]["strengths"])
            state.keep("adaptive_rise", state.own["adaptive"]["rises"])
