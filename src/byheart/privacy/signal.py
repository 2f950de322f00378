"""What attacks read of a model's answer: the logit of the label's probability, without ever forming 1 - p."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp


def scaled_logit(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Phi = log(p / (1 - p)) = z_y - logsumexp over the others (n,), high for a sure and right answer.

    Carlini et al. 2022, section IV-C; finite for p = 0 and p = 1.
    """
    z = logits.astype(np.float64)
    rows = np.arange(len(z))
    own = z[rows, labels]
    z[rows, labels] = -np.inf
    return own - np.asarray(logsumexp(z, axis=1))


def label_probability(
    logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n"], temperature: float = 1.0
) -> Float[np.ndarray, "n"]:
    """Softmax probability of the label (n,) at a temperature, from 0 to 1."""
    z = logits.astype(np.float64) / temperature
    return np.exp(z[np.arange(len(z)), labels] - np.asarray(logsumexp(z, axis=1)))
