"""Sums over presentations: gaps are skipped, nothing is not zero, small terms are not lost."""

import numpy as np
import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, average, losses, margins, seen_in

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.presented import early, last, mean, of_classes, total


@given(margins)
def test_mean_last_and_total_equal_a_loop(traces):
    agrees(mean(traces), traces, lambda trace: average(seen_in(trace)))
    agrees(total(traces), traces, lambda trace: sum(seen_in(trace)) if seen_in(trace) else float("nan"))
    agrees(last(traces), traces, lambda trace: seen_in(trace)[-1] if seen_in(trace) else float("nan"))


@given(losses)
def test_the_evidence_is_only_read(traces):
    traces.setflags(write=False)
    before = traces.copy()
    mean(traces), last(traces), early(traces)
    np.testing.assert_array_equal(traces, before)


def test_sums_of_float32_are_made_in_float64():
    many = np.full((100_000, 1), 0.1, np.float32)
    many[0] = 1e6
    assert total(many)[0] == pytest.approx(1e6 + 99_999 * float(np.float32(0.1)), rel=1e-12)


@pytest.mark.parametrize(("epochs", "third"), [(1, 1), (2, 1), (3, 1), (5, 1), (6, 2), (60, 20), (100, 33)])
def test_a_third_is_rounded_down_and_never_empty(epochs, third):
    assert early(np.zeros((epochs, 2))).shape == (third, 2)


def test_without_classes_the_reason_names_the_score_and_the_way_out():
    with pytest.raises(NotApplicable, match=r"aum needs classes.*cumulative_loss"):
        of_classes(np.full((3, 2), np.nan), "aum")
    of_classes(np.array([[np.nan, 1.0]]), "aum")
    of_classes(np.zeros((3, 0)), "aum")
