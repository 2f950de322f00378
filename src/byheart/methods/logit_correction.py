"""Logit correction: the label's frequency under the attribute that a biased network sees is added to the logits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from byheart.methods.generalized_cross_entropy import generalized_cross_entropy
from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed, follow, learn, second_network
from byheart.runs.events import State

FLOOR = 1e-8  # a pair of label and attribute that has not been seen for long


def label_and_attribute(
    attributes: Float[Tensor, "b classes"], targets: Int[Tensor, "b"]
) -> Float[Tensor, "classes classes"]:
    """pi[y, z], the share of label y with attribute z in a batch, from attribute probabilities (b, classes)."""
    sums = attributes.new_zeros(attributes.shape[1], attributes.shape[1]).index_add_(0, targets, attributes)
    return sums / len(targets)


def correction(pi: Float[Tensor, "classes classes"], attribute: Int[Tensor, "b"]) -> Float[Tensor, "b classes"]:
    """Logarithms (b, classes) of pi[y, z] in nats, for every label y and the example's attribute z."""
    return (pi.T[attribute] + FLOOR).log()


def partners(targets: Int[Tensor, "b"], attribute: Int[Tensor, "b"], draws: Float[Tensor, "b"]) -> Int[Tensor, "b"]:
    """Whom each example is mixed with, (b,): one of the same label from the other side, majority (attribute = label) or
    minority; itself where there is none. `draws` are uniform in [0, 1).
    """
    rare = attribute != targets
    allowed = (targets[:, None] == targets[None]) & (rare[:, None] != rare[None])
    counts = allowed.sum(1)
    wanted = (draws * counts).long() + 1
    found = (allowed.long().cumsum(1) == wanted[:, None]) & allowed
    return torch.where(counts > 0, found.long().argmax(1), torch.arange(len(targets), device=targets.device))


@method("logit_correction", acts_on="loss", source="Liu et al. 2023", trains_twice=True)
@dataclass(frozen=True)
class LogitCorrection:
    """Corrects the logits by how often the label goes with the attribute that a biased network predicts.

    The biased network learns beside by generalized cross-entropy with exponent `q`; its prediction is the example's
    attribute. The table of labels and attributes is a moving average over batches with `decay`, of its probabilities at
    `temperature`. The optimum of this loss is the group-balanced accuracy's.
    """

    q: float = 0.7
    decay: float = 0.5
    temperature: float = 1.0

    def __post_init__(self) -> None:
        within("q", self.q, 0, 1)
        within("decay", self.decay, 0, 0.9999)
        within("temperature", self.temperature, 1e-6, 1e6)

    def fit_start(self, state: State) -> None:
        classes = classes_needed("Logit correction", state)
        state.own["logit_correction"] = {
            "biased": second_network(state, "logit_correction"),
            "pi": torch.full((classes, classes), classes**-2.0),
        }

    def epoch_start(self, state: State) -> None:
        follow(state.own["logit_correction"]["biased"], state)

    def batch(self, state: State) -> None:
        assert state.batch is not None
        own, batch = state.own["logit_correction"], state.batch
        logits = own["biased"]["network"](batch.inputs)
        attributes = (logits.detach().cpu() / self.temperature).softmax(1)
        own["pi"] = self.decay * own["pi"] + (1 - self.decay) * label_and_attribute(attributes, batch.targets.cpu())
        own["correction"] = correction(own["pi"], attributes.argmax(1))
        learn(own["biased"], generalized_cross_entropy(logits, batch.targets, self.q).mean(), state)
        self.mix(state, attributes.argmax(1))

    def mix(self, state: State, attribute: Tensor) -> None:
        """Leaves the inputs as they are."""

    def logits(self, state: State) -> None:
        assert state.logits is not None
        state.logits = state.logits + state.own["logit_correction"]["correction"].to(state.logits)

    def step(self, state: State) -> None:
        del state.own["logit_correction"]["correction"]  # of this batch


@method("logit_correction_mixup", acts_on="inputs", source="Liu et al. 2023", trains_twice=True)
@dataclass(frozen=True)
class LogitCorrectionMixup(LogitCorrection):
    """Corrects the logits likewise, and mixes each example with one of the same label from the other side.

    Majority and minority (where the attribute is not the label) are mixed, inputs and corrections alike, in a
    proportion that is uniform in [0, 1]: our choice, where the paper has a law with a parameter.
    """

    clock = "eval"

    def mix(self, state: State, attribute: Tensor) -> None:
        assert state.batch is not None
        own, batch = state.own["logit_correction"], state.batch
        other = partners(batch.targets.cpu(), attribute, torch.rand(len(attribute)))
        share = torch.rand(len(attribute), 1)
        own["correction"] = share * own["correction"] + (1 - share) * own["correction"][other]
        wide = share.to(batch.inputs).reshape(-1, *(1,) * (batch.inputs.ndim - 1))
        state.batch = batch._replace(inputs=wide * batch.inputs + (1 - wide) * batch.inputs[other.to(state.device)])
