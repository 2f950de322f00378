"""The three axes of a data map against their definitions."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, answers, average, losses, seen_in, unclassed

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.cartography import confidence, correctness, variability


def probabilities(trace: list[float]) -> list[float]:
    return [math.exp(-loss) for loss in seen_in(trace)]


def deviation(trace: list[float]) -> float:
    return statistics.pstdev(probabilities(trace)) if seen_in(trace) else math.nan


@given(losses)
def test_confidence_and_variability_equal_loops(traces):
    correct = np.where(np.isnan(traces), np.nan, 1.0)
    agrees(confidence(traces, correct), traces, lambda trace: average(probabilities(trace)))
    agrees(variability(traces, correct), traces, deviation)


@given(answers)
def test_correctness_equals_a_loop(traces):
    agrees(correctness(traces), traces, lambda trace: average(seen_in(trace)))


@given(losses)
def test_no_deviation_is_above_one_half(traces):
    correct = np.where(np.isnan(traces), np.nan, 1.0)
    assert np.nanmax(variability(traces, correct)) <= 0.5 + 1e-12


def test_without_classes_a_loss_is_no_probability():
    loss, none = np.ones((4, 3), np.float32), unclassed()
    for score in (confidence, variability):
        with pytest.raises(NotApplicable, match=f"{score.__name__} needs classes"):
            score(loss, none)
    with pytest.raises(NotApplicable, match="correctness needs classes"):
        correctness(none)
