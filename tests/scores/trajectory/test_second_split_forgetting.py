"""Forgotten for good, against the definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, answers, column, seen_in, unclassed

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.learning_time import learning_time
from byheart.scores.trajectory.second_split_forgetting import second_split_forgetting


def slow(trace: list[float]) -> float:
    if not seen_in(trace):
        return math.nan
    looked = [t for t, right in enumerate(trace, 1) if not math.isnan(right)]
    return next((t for t in looked if 1.0 not in trace[t - 1 :]), len(trace) + 1)


@given(answers)
def test_it_equals_a_loop(traces):
    agrees(second_split_forgetting(traces), traces, slow)


@given(answers)
def test_it_is_the_learning_time_of_wrong_answers(traces):
    np.testing.assert_array_equal(second_split_forgetting(traces), learning_time(np.float16(1) - traces))


@pytest.mark.parametrize(
    ("trace", "epoch"),
    [((1, 0, 0), 2), ((0, 0, 0), 1), ((1, 1, 1), 4), ((0, 0, 1), 4), ((1, 0, 1, 0), 4), ((1, np.nan, 0), 3)],
)
def test_known_traces(trace, epoch):
    assert second_split_forgetting(column(*trace)).tolist() == [epoch]


def test_each_half_keeps_its_own_value():
    a, b = column(1, 0, 0), column(0, 0, 0)
    both = np.concatenate([a, b], axis=1)
    assert second_split_forgetting(both).tolist() == [2.0, 1.0]


def test_without_classes_it_does_not_apply():
    with pytest.raises(NotApplicable, match="second_split_forgetting needs classes"):
        second_split_forgetting(unclassed(dtype=np.float16))
