"""Answers: what every attack reads of many models, one row per model and one column per example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from byheart.privacy.rmia import TEMPERATURE
from byheart.privacy.signal import label_probability, scaled_logit
from byheart.runs.matrices import room
from byheart.runs.queries import QUERY_LOGITS
from byheart.runs.subsets import ALL_LOGITS

if TYPE_CHECKING:
    from byheart.runs.subsets import SubsetRuns

LEAST_LOSS = 1e-7  # float32 knows no smaller difference of a probability from 1


@dataclass(frozen=True, eq=False)
class Answers:
    """Membership, loss (nats), signal phi (high = sure and right) and label probability (models, n), ids (n,).

    float32, so that 256 models of 50,000 examples take 170 MB; above a GB a matrix lies on disk. `temperature` is that
    of the softmax whose probability it is, None of regression, which has none.
    """

    member: Bool[np.ndarray, "models n"]
    loss: Float[np.ndarray, "models n"]
    phi: Float[np.ndarray, "models n"]
    probability: Float[np.ndarray, "models n"]
    ids: Shaped[np.ndarray, "n"]
    again: tuple[Answers, ...] = ()
    temperature: float | None = TEMPERATURE

    @property
    def models(self) -> int:
        """How many models."""
        return len(self.member)

    def dealt(self, member: Bool[np.ndarray, "models n"]) -> Answers:
        """The same answers of models that are said to have been trained on other examples."""
        return replace(self, member=member, again=tuple(one.dealt(member) for one in self.again))

    def less_sure(self, by: Float[np.ndarray, "models k"], at: Int[np.ndarray, "k"]) -> Answers:
        """Answers whose loss about the examples `at` is higher by so many nats, and the signal lower."""
        loss, phi, probability = (_copy(a) for a in (self.loss, self.phi, self.probability))
        for k, more in enumerate(by):
            loss[k, at] += more
            phi[k, at] -= more
            probability[k, at] *= np.exp(-more)
        again = tuple(one.less_sure(by, at) for one in self.again)
        return replace(self, loss=loss, phi=phi, probability=probability, again=again)


def _copy(matrix: np.ndarray) -> np.ndarray:
    found = room(matrix.shape, matrix.dtype.type)
    found[:] = matrix
    return found


def answers_of(many: SubsetRuns) -> Answers:
    """The answers of subset models about their training examples.

    Of up to 64 classes phi is the scaled logit and the probability a softmax at temperature 2; of more, whose logits
    are not all kept, both come from the loss, at temperature 1. Of regression, phi is minus the fourth root of the
    squared error (near normal for normal errors: Hawkins and Wixley 1986), the probability exp(-error / 2). Where the
    models were asked about changed examples as well (`record_subsets(queries=...)`), these answers are in `again`.
    """
    n, loss = many.n, many["loss"][:, : many.n]
    phi, probability = room(loss.shape, np.float32), room(loss.shape, np.float32)
    for k, row in enumerate(loss):
        logits = many["logits"][k, :n] if 0 < many.classes <= ALL_LOGITS else None
        phi[k], probability[k] = signals(row, logits, many.targets, many.classes)
    found = Answers(
        np.asarray(many["member"]), loss, phi, probability, np.asarray(many.ids), temperature=asked_at(many.classes)
    )
    return replace(found, again=tuple(_again(found, many)))


def _again(plain: Answers, many: SubsetRuns) -> Iterator[Answers]:
    """The answers to each query, from its logits (models, n, queries, outputs)."""
    try:
        asked = many[QUERY_LOGITS]
    except KeyError:  # nobody asked
        return
    for query in range(asked.shape[2]):
        phi, probability = room(plain.phi.shape, np.float32), room(plain.phi.shape, np.float32)
        for k in range(plain.models):
            logits = asked[k, : many.n, query]
            phi[k], probability[k] = signals(plain.loss[k], logits, many.targets, many.classes)
        yield replace(plain, loss=np.logaddexp(0, -phi), phi=phi, probability=probability)


def asked_at(classes: int) -> float | None:
    """The temperature of `signals` with so many classes, None of regression."""
    return None if not classes else TEMPERATURE if classes <= ALL_LOGITS else 1.0


def signals(
    loss: Float[np.ndarray, "n"], logits: Float[np.ndarray, "n k"] | None, targets: Shaped[np.ndarray, "n"],
    classes: int,
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:  # fmt: skip
    """Phi and label probability (n,) of one model, as `answers_of` says; `logits` of up to 64 classes."""
    if logits is not None:
        return scaled_logit(logits, targets), label_probability(logits, targets, TEMPERATURE)
    if classes:
        one = np.maximum(loss.astype(np.float64), LEAST_LOSS)
        return -one - np.log(-np.expm1(-one)), np.exp(-one)
    return -(loss.astype(np.float64) ** 0.25), np.exp(-loss.astype(np.float64) / 2)
