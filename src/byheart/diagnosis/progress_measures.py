"""Progress measures of a network that learns addition modulo p: how far its answers are made of a few waves.

The logits of all pairs are held against cos(2 pi k (a + b - c) / p), which only a network that has found the rule
contains; a table that is known by heart does without. Source: Nanda et al. 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import log_softmax

from byheart.base.errors import UsageError
from byheart.data.task import Task

if TYPE_CHECKING:
    from torch import nn

KEY = 0.9  # share of the waves' energy that the key frequencies hold


@dataclass(frozen=True)
class Progress:
    """`restricted`: loss (nats) of the key waves alone, the same for every pair. `excluded`: mean loss (nats) on the
    learned pairs without the key waves: low where they are known by heart, high where the waves answer.
    """

    restricted: float
    excluded: float


def waves(logits: Float[np.ndarray, "p p p"]) -> Float[np.ndarray, "k"]:
    """Amplitudes of cos(2 pi k (a + b - c) / p) in the logits of pairs a, b for answers c, k = 1 to (p - 1) // 2.

    Orthogonal for odd p. Errors: UsageError for an even p.
    """
    p = len(logits)
    if p % 2 == 0:
        raise UsageError(f"The waves modulo {p} are not orthogonal.", do="take an odd modulus")
    return np.cos(_angles(p)) @ _by_distance(logits) * 2 / p


def key_frequencies(amplitudes: Float[np.ndarray, "k"]) -> Int[np.ndarray, "m"]:
    """The fewest frequencies that hold nine tenths of the energy, counted from 1, in rising order."""
    order = np.argsort(-(amplitudes**2), kind="stable")
    held = np.cumsum(amplitudes[order] ** 2) / max(float((amplitudes**2).sum()), np.finfo(float).tiny)
    return np.sort(order[: int(np.searchsorted(held, KEY)) + 1]) + 1


def progress(
    logits: Float[np.ndarray, "p p p"], learned: Bool[np.ndarray, "p p"], keys: Int[np.ndarray, "m"]
) -> Progress:
    """Restricted and excluded loss at the given key frequencies."""
    p, amplitudes = len(logits), waves(logits)
    wave = amplitudes[keys - 1] @ np.cos(_angles(p)[keys - 1])  # by distance a + b - c
    a, b = np.nonzero(learned)
    distance = (a[:, None] + b[:, None] - np.arange(p)) % p
    without = log_softmax(logits[a, b] - wave[distance], axis=1)
    return Progress(
        restricted=-float(log_softmax(wave)[0]), excluded=-float(without[np.arange(len(a)), (a + b) % p].mean())
    )


def logits_of(network: nn.Module, task: Task) -> Float[np.ndarray, "p p p"]:
    """The logits of all pairs of modular addition, learned and held out."""
    from byheart.runs.loop import outputs

    found = np.zeros((task.classes,) * 3)
    for part in (task.train, task.held_out):
        found[tuple(part.inputs.astype(int).T)] = outputs(task, network, part)
    return found


def by_frequency(table: Float[np.ndarray, "p width"]) -> Float[np.ndarray, "k"]:
    """Norms of the discrete Fourier transform over the tokens of an embedding, by frequency from 1 on."""
    return np.linalg.norm(np.fft.rfft(table.astype(np.float64), axis=0)[1:], axis=1)


def _angles(p: int) -> np.ndarray:
    """2 pi k d / p of frequencies k = 1 ... and distances d (k, p)."""
    return 2 * np.pi * np.outer(np.arange(1, (p - 1) // 2 + 1), np.arange(p)) / p


def _by_distance(logits: np.ndarray) -> np.ndarray:
    """Mean logit (p,) of answers at a + b - c = d modulo p."""
    p = len(logits)
    a, b = np.indices((p, p))
    return np.array([logits[a, b, (a + b - d) % p].mean(dtype=np.float64) for d in range(p)])
