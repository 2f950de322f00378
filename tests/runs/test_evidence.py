from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from byheart.runs.evidence import read

LOGITS = hnp.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(2, 5)), elements=st.floats(-30, 30, width=32))


def slow(z: list[float], y: int) -> tuple[float, float, float, int, float]:
    """The same by hand, one example."""
    top = max(z)
    total = sum(math.exp(v - top) for v in z)
    p = [math.exp(v - top) / total for v in z]
    loss = math.log(total) + top - z[y]
    margin = z[y] - max(v for k, v in enumerate(z) if k != y)
    norm = math.sqrt(sum((v - (k == y)) ** 2 for k, v in enumerate(p)))
    return loss, margin, float(z.index(top) == y), z.index(top), norm


@settings(deadline=None)
@given(LOGITS, st.data())
def test_it_equals_the_definitions(logits, data):
    n, outputs = logits.shape
    y = np.array(data.draw(st.lists(st.integers(0, outputs - 1), min_size=n, max_size=n)))
    got = read(logits, y, outputs)
    for i in range(n):
        loss, margin, correct, predicted, norm = slow(logits[i].tolist(), int(y[i]))
        assert math.isclose(got["loss"][i], loss, rel_tol=1e-5, abs_tol=1e-5)
        assert math.isclose(got["margin"][i], margin, rel_tol=1e-6, abs_tol=1e-6)
        assert (got["correct"][i], got["predicted"][i]) == (correct, predicted)
        assert math.isclose(got["error_norm"][i], norm, rel_tol=1e-4, abs_tol=1e-5)
    for i in range(n):  # one by one is the same as together
        for name, column in read(logits[i : i + 1], y[i : i + 1], outputs).items():
            np.testing.assert_allclose(column[0], got[name][i], rtol=1e-6, atol=1e-6)


def test_the_unseen_is_no_number():
    got = read(np.array([[np.nan, np.nan], [1.0, 2.0]], np.float32), np.array([0, 1]), 2)
    assert got["predicted"].tolist() == [-1, 1]
    for name in ("loss", "margin", "correct", "error_norm"):
        assert np.isnan(got[name][0]) and not np.isnan(got[name][1])


def test_regression_has_a_loss_and_nothing_else():
    got = read(np.array([[1.0], [3.0]], np.float32), np.array([0.0, 3.0], np.float32), 0)
    assert got["loss"].tolist() == [1.0, 0.0] and got["predicted"].tolist() == [-1, -1]
    assert np.isnan(got["margin"]).all() and np.isnan(got["correct"]).all()
