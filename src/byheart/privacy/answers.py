"""Answers: what every attack reads of many models, one row per model and one column per example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Shaped

from byheart.privacy.rmia import TEMPERATURE
from byheart.privacy.signal import label_probability, scaled_logit
from byheart.runs.subsets import ALL_LOGITS

if TYPE_CHECKING:
    from byheart.runs.subsets import SubsetRuns

LEAST_LOSS = 1e-7  # float32 knows no smaller difference of a probability from 1


@dataclass(frozen=True, eq=False)
class Answers:
    """Membership, loss (nats), signal phi (high = sure and right) and label probability (models, n), ids (n,).

    float32, so that 256 models of 50,000 examples take 170 MB.
    """

    member: Bool[np.ndarray, "models n"]
    loss: Float[np.ndarray, "models n"]
    phi: Float[np.ndarray, "models n"]
    probability: Float[np.ndarray, "models n"]
    ids: Shaped[np.ndarray, "n"]

    @property
    def models(self) -> int:
        """How many models."""
        return len(self.member)


def answers_of(many: SubsetRuns) -> Answers:
    """The answers of subset models about their training examples.

    Of up to 64 classes phi is the scaled logit and the probability a softmax at temperature 2; of more, whose logits
    are not all kept, both come from the loss, at temperature 1. Of regression, phi is minus the fourth root of the
    squared error (near normal for normal errors: Hawkins and Wixley 1986), the probability exp(-error / 2).
    """
    n, loss = many.n, many["loss"][:, : many.n]
    phi, probability = np.empty_like(loss, np.float32), np.empty_like(loss, np.float32)
    for k, row in enumerate(loss):
        if 0 < many.classes <= ALL_LOGITS:
            logits = many["logits"][k, :n]
            phi[k] = scaled_logit(logits, many.targets)
            probability[k] = label_probability(logits, many.targets, TEMPERATURE)
        elif many.classes:
            one = np.maximum(row.astype(np.float64), LEAST_LOSS)
            phi[k], probability[k] = -one - np.log(-np.expm1(-one)), np.exp(-one)
        else:
            phi[k], probability[k] = -(row.astype(np.float64) ** 0.25), np.exp(-row.astype(np.float64) / 2)
    return Answers(np.asarray(many["member"]), loss, phi, probability, np.asarray(many.ids))
