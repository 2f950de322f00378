"""Trajectories with gaps, drawn at random, and the plain-Python way to go through them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

Slow = Callable[[list[float]], float]


@st.composite
def gapped(draw, dtype: type, elements: st.SearchStrategy) -> np.ndarray:
    """(epochs, n) values with NaN where an example was not seen; at least one was."""
    shape = draw(st.tuples(st.integers(1, 13), st.integers(1, 5)))
    values, seen = draw(arrays(dtype, shape, elements=elements)), draw(arrays(bool, shape))
    seen[0, 0] |= not seen.any()
    return np.where(seen, values, np.nan).astype(dtype)


answers = gapped(np.float16, st.sampled_from([0.0, 1.0]))
losses = gapped(np.float32, st.floats(0, 30, width=32))
margins = gapped(np.float32, st.floats(-50, 50, width=32))
error_norms = gapped(np.float32, st.floats(0, 1.4140625, width=32))


def seen_in(trace: list[float]) -> list[float]:
    """The values at presentations."""
    return [value for value in trace if not math.isnan(value)]


def average(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def agrees(found: np.ndarray, traces: np.ndarray, slow: Slow) -> None:
    """One value an example, each what the slow way gives for its own trace."""
    assert found.shape == traces.shape[1:] and found.dtype == np.float64
    expected = [slow([float(value) for value in traces[:, i]]) for i in range(traces.shape[1])]
    assert found.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def unclassed(epochs: int = 4, n: int = 3, dtype: type = np.float32) -> np.ndarray:
    """What regression leaves where classes would leave numbers."""
    return np.full((epochs, n), np.nan, dtype)


def column(*values: float) -> np.ndarray:
    """One example's answers, epoch by epoch."""
    return np.array(values, np.float16)[:, None]
