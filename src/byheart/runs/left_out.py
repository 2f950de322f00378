"""What the models that left an example out say of it: the class they vote for, the probabilities they give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int, UInt


def votes(
    said: Int[np.ndarray, "voters n"], asked: Bool[np.ndarray, "voters n"], classes: int
) -> UInt[np.ndarray, "n classes"]:
    """How many of those asked say each class (n, classes), in the smallest type that holds it; -1 says nothing."""
    counts = np.zeros((said.shape[1], classes), np.min_scalar_type(len(said)))
    for who, heard in zip(said, asked & (said >= 0), strict=True):
        rows = np.flatnonzero(heard)
        counts[rows, who[rows]] += 1
    return counts


def averaged(
    member: Bool[np.ndarray, "models n"], says: Callable[[int, np.ndarray], np.ndarray], classes: int
) -> Float[np.ndarray, "n classes"]:
    """Mean (n, classes) over the models without each example of what `says(model, rows)` gives (rows, classes).

    NaN where every model has it.
    """
    total, count = np.zeros((member.shape[1], classes)), (~member).sum(0)
    for k, without in enumerate(~member):
        rows = np.flatnonzero(without)
        total[rows] += says(k, rows)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)


def class_probabilities(
    member: Bool[np.ndarray, "models n"], logits: Float[np.ndarray, "models n classes"]
) -> Float[np.ndarray, "n classes"]:
    """Mean softmax (n, classes) of the models without each example; NaN where every model has it."""
    return averaged(member, lambda k, rows: softmax(logits[k, rows]), logits.shape[2])


def softmax(logits: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    """Class probabilities (n, classes) in float64."""
    z = logits.astype(np.float64)
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)
