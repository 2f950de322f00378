"""RMIA: is the target surer of an example, against reference models, than of most others (Zarifzadeh et al. 2024).

R(x) = p(x | target) / p(x); the score is the share of others z with R(x) / R(z) > gamma. With one pool of others that
is a monotone function of R(x): it is computed by sorting, never as the table of all pairs.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

GAMMA, TEMPERATURE, OFFLINE_A = 2.0, 2.0, 0.3
TINY = 1e-30


def ratio_online(
    target: Float[np.ndarray, "n"], references: Float[np.ndarray, "models n"], member: Bool[np.ndarray, "models n"]
) -> Float[np.ndarray, "n"]:
    """R (n,) with p(x) the mean of the average over models with the example and of that over models without it.

    Arguments are label probabilities; NaN where a side has no model.
    """
    with np.errstate(invalid="ignore"):
        inside = np.where(member, references, 0.0).sum(0) / member.sum(0)
        outside = np.where(member, 0.0, references).sum(0) / (~member).sum(0)
    return against_both(target, inside, outside)


def ratio_offline(
    target: Float[np.ndarray, "n"], references: Float[np.ndarray, "models n"], member: Bool[np.ndarray, "models n"],
    a: float = OFFLINE_A,
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """R (n,) from models without the example; p_in is taken for a p_out + 1 - a: p(x) = ((1 + a) p_out + 1 - a) / 2."""
    with np.errstate(invalid="ignore"):
        outside = np.where(member, 0.0, references).sum(0) / (~member).sum(0)
    return against_outside(target, outside, a)


def against_both(
    target: Float[np.ndarray, "n"], inside: Float[np.ndarray, "n"], outside: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """R (n,) from the mean probabilities of the models with the example and of those without it."""
    return target / np.maximum((inside + outside) / 2, TINY)


def against_outside(
    target: Float[np.ndarray, "n"], outside: Float[np.ndarray, "n"], a: float = OFFLINE_A
) -> Float[np.ndarray, "n"]:
    """R (n,) from the mean probability of the models without the example alone."""
    return target / np.maximum(((1 + a) * outside + 1 - a) / 2, TINY)


def score(ratio: Float[np.ndarray, "n"], others: Bool[np.ndarray, "n"], gamma: float = GAMMA) -> Float[np.ndarray, "n"]:
    """Share of the others z with R(x) / R(z) > gamma (n,), in [0, 1], high for members; x itself is no other.

    `others` marks the pool. Ties are for `order` to break.
    """
    pool = np.sort(ratio[others])
    below = np.searchsorted(pool, ratio / gamma, side="left").astype(np.float64)  # R(z) < R(x) / gamma
    own = others & (ratio < ratio / gamma)  # gamma below 1: it would beat itself
    return (below - own) / np.maximum(len(pool) - others, 1)


def ordered(ratio: Float[np.ndarray, "n"], scores: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Scores whose ties are broken by R (n,): the same order where scores differ."""
    rank = np.empty(len(ratio))
    rank[np.argsort(ratio, kind="stable")] = np.arange(len(ratio))
    _, same = np.unique(ratio, return_inverse=True)
    rank = (np.bincount(same, rank) / np.bincount(same))[same]  # equal ratios stay equal
    return scores + rank / max(len(ratio), 1) * smallest_step(scores) / 2


def smallest_step(scores: Float[np.ndarray, "n"]) -> float:
    """The least difference between two different scores; 1 when all are equal."""
    steps = np.diff(np.unique(scores))
    return float(steps.min()) if len(steps) else 1.0
