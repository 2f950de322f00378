"""Learning not to learn: a second head tries to read the bias from the features, and the features learn to hide it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from byheart.base.seeds import spawn
from byheart.methods.bias_feature import Bias, checked_bias, labels_of
from byheart.methods.last_layer import last_linear
from byheart.methods.method import method, within
from byheart.runs.events import State
from byheart.runs.loop import optimizer_of


class Reversed(torch.autograd.Function):
    """The identity, whose gradient is multiplied by -scale on the way back. Source: Ganin and Lempitsky (2015)."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None]:
        return -ctx.scale * grads[0], None


def negative_entropy(logits: Float[Tensor, "b classes"]) -> Float[Tensor, ""]:
    """Mean over the batch of sum over k of q_k log q_k in nats, from -log(classes), where q says nothing, to 0."""
    return (logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()


@method("lntl", acts_on="representation", source="Kim et al. 2019")
@dataclass(frozen=True)
class LNTL:
    """Lets a second head predict the bias from the features of the last layer, and reverses its gradient into them.

    `bias` is "colour" (each channel's largest value in `bins` steps), "groups", or an array (n,) or (n, heads) of
    classes by training row: not what holds the label itself, or the label is hidden too. Besides, the features learn to
    leave the head undecided, with the weight `entropy`; `reversal` is the factor on the reversed gradient. `strength`
    multiplies both; 0 is plain training. The head has one hidden layer of `hidden` units.
    """

    strength: float = 1.0
    bias: Bias = "colour"
    entropy: float = 0.01
    reversal: float = 0.1
    bins: int = 8
    hidden: int = 64

    def __post_init__(self) -> None:
        for name in ("strength", "entropy", "reversal"):
            within(name, getattr(self, name), 0, math.inf)
        within("bins", self.bins, 2, 256)
        within("hidden", self.hidden, 1, 1e6)
        checked_bias(self.bias)

    def fit_start(self, state: State) -> None:
        labels = torch.from_numpy(labels_of(self.bias, state.task, self.bins))
        layer = last_linear(state.task, state.network)
        if not self.strength:
            return
        outputs = [int(column.max()) + 1 for column in labels.T]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(spawn(state.seed, "lntl"))
            head = nn.Sequential(
                nn.Linear(layer.in_features, self.hidden), nn.ReLU(), nn.Linear(self.hidden, sum(outputs))
            ).to(state.device)
        state.own["lntl"] = {
            "head": head,
            "optimizer": optimizer_of(state.task, list(head.parameters())),
            "labels": labels,
        }
        state.hooks.append(layer.register_forward_pre_hook(lambda module, given: self.see(state, module, given[0])))

    def see(self, state: State, layer: nn.Module, features: Tensor) -> None:
        """Keep the features of the batch that is trained on."""
        if layer.training:
            state.own["lntl"]["features"] = features

    def epoch_start(self, state: State) -> None:
        if self.strength:
            for group in state.own["lntl"]["optimizer"].param_groups:
                group["lr"] = state.optimizer.param_groups[0]["lr"]

    def losses(self, state: State) -> None:
        if not self.strength:
            return
        assert state.batch is not None
        own = state.own["lntl"]
        head, features = own["head"], own["features"]
        labels = own["labels"][torch.from_numpy(state.batch.rows)].to(state.device)
        sizes = [int(column.max()) + 1 for column in own["labels"].T]
        own["optimizer"].zero_grad(set_to_none=True)
        guessed = head(Reversed.apply(features, self.strength * self.reversal)).split(sizes, 1)
        fixed = {name: p.detach() for name, p in head.named_parameters()}
        undecided = functional_call(head, fixed, (features,)).split(sizes, 1)
        for k, (guess, doubt) in enumerate(zip(guessed, undecided, strict=True)):
            own_loss = F.cross_entropy(guess, labels[:, k])
            state.penalty = state.penalty + (own_loss + self.strength * self.entropy * negative_entropy(doubt)) / len(
                sizes
            )

    def step(self, state: State) -> None:
        if self.strength:
            own = state.own["lntl"]
            own.pop("features", None)
            own["optimizer"].step()
