"""Ensembles whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit

from byheart.data.subsets import masks

Evidence = dict[str, np.ndarray]


@pytest.fixture
def ensemble() -> Callable[..., tuple[Evidence, Evidence, np.ndarray]]:
    """Makes subset columns, trajectory columns and true memorization."""
    return made


def made(models: int, n: int = 1000, seed: int = 0) -> tuple[Evidence, Evidence, np.ndarray]:
    """Subset columns, trajectory columns and the truth: p_in near 1, p_out falls with a difficulty half seen."""
    g = np.random.default_rng(seed)
    hard = g.normal(size=n)
    p_in, p_out = expit(6 - g.random(n)), expit(2.5 - 3 * hard + g.normal(size=n))
    member = masks(n, models, seed)
    right = g.random((models, n)) < np.where(member, p_in, p_out)
    t = np.arange(30)[:, None]
    margin = (0.5 * (t - 6 * hard - 5) + g.normal(size=(30, n))).astype(np.float32)
    subset = {
        "member": member,
        "many_correct": right.astype(np.float32),
        "many_loss": np.where(right, 0.1, 3.0).astype(np.float32),
        "targets": np.zeros(n, int),
    }
    trajectory = {
        "loss": np.logaddexp(0, -margin).astype(np.float32),
        "margin": margin,
        "correct": (margin > 0).astype(np.float16),
    }
    return subset, trajectory, p_in - p_out


@pytest.fixture
def evidence() -> dict[str, np.ndarray]:
    """Twelve models, 30 examples, 4 classes; example 0 is in every model."""
    g = np.random.default_rng(0)
    logits, targets = g.normal(size=(12, 30, 4)).astype(np.float16), g.integers(0, 4, 30)
    z = logits.astype(float)
    p = np.exp(z) / np.exp(z).sum(2, keepdims=True)
    member = g.random((12, 30)) < 0.7
    member[:2] = False
    member[:, 0] = True
    return {
        "member": member,
        "many_logits": logits,
        "many_loss": -np.log(p[:, np.arange(30), targets]),
        "many_correct": (z.argmax(2) == targets).astype(np.float32),
        "targets": targets,
        "p": p,
    }
