"""First right answer, and right for good, against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, answers, column, seen_in, unclassed

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.learning_time import first_learned, learning_time


def slow_first(trace: list[float]) -> float:
    if not seen_in(trace):
        return math.nan
    return next((t for t, right in enumerate(trace, 1) if right == 1.0), len(trace) + 1)


def slow_for_good(trace: list[float]) -> float:
    if not seen_in(trace):
        return math.nan
    presented = [t for t, right in enumerate(trace, 1) if not math.isnan(right)]
    return next((t for t in presented if 0.0 not in trace[t - 1 :]), len(trace) + 1)


@given(answers)
def test_they_equal_loops(traces):
    agrees(first_learned(traces), traces, slow_first)
    agrees(learning_time(traces), traces, slow_for_good)


@given(answers)
def test_right_for_good_is_never_before_right_at_all(traces):
    seen = ~np.isnan(first_learned(traces))
    assert (learning_time(traces)[seen] >= first_learned(traces)[seen]).all()


@pytest.mark.parametrize(
    ("trace", "first", "good"),
    [
        ((0, 1, 0, 1, 1), 2, 4),
        ((1, 1, 1), 1, 1),
        ((0, 0, 0), 4, 4),
        ((1, 1, 0), 1, 4),
        ((0, np.nan, 1), 3, 3),
        ((1, 0, np.nan), 1, 4),
    ],
)
def test_known_traces(trace, first, good):
    assert (first_learned(column(*trace))[0], learning_time(column(*trace))[0]) == (first, good)


@pytest.mark.parametrize("score", [first_learned, learning_time])
def test_without_classes_they_do_not_apply(score):
    with pytest.raises(NotApplicable, match=f"{score.__name__} needs classes"):
        score(unclassed(dtype=np.float16))
