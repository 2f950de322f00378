"""The early error norm against a loop, and against softmax by hand."""

import numpy as np
import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, average, error_norms, seen_in, unclassed

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.el2n import el2n


@given(error_norms)
def test_it_equals_a_loop(traces):
    tenth = max(1, len(traces) // 10)
    agrees(el2n(traces), traces, lambda trace: average(seen_in(trace[:tenth])))


@pytest.mark.parametrize(("epochs", "read"), [(1, 1), (9, 1), (10, 1), (19, 1), (20, 2), (60, 6)])
def test_a_tenth_of_the_epochs_is_read(epochs, read):
    norms = np.ones((epochs, 1), np.float32)
    norms[read:] = 0
    assert el2n(norms)[0] == 1.0


def test_a_recorded_norm_is_the_length_of_softmax_minus_one_hot():
    from byheart.runs.evidence import read

    logits, labels = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32), np.arange(30) % 4
    p = np.exp(logits.astype(np.float64))
    expected = np.linalg.norm(p / p.sum(1, keepdims=True) - np.eye(4)[labels], axis=1)
    np.testing.assert_allclose(el2n(read(logits, labels, 4)["error_norm"][None]), expected, rtol=1e-5)


def test_without_classes_it_does_not_apply():
    with pytest.raises(NotApplicable, match="el2n needs classes"):
        el2n(unclassed())
