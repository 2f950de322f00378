"""Forgetting events against the definition, and the published convention for what was never learned."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, answers, column, seen_in, unclassed

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.forgetting import forgetting
from byheart.scores.trajectory.learning_time import first_learned


def slow(trace: list[float]) -> float:
    shown = seen_in(trace)
    if not shown:
        return float("nan")
    if 1.0 not in shown:
        return len(shown)
    return sum(a == 1.0 and b == 0.0 for a, b in pairwise(shown))


@given(answers)
def test_it_equals_a_loop(traces):
    agrees(forgetting(traces), traces, slow)


@pytest.mark.parametrize(
    ("trace", "events"),
    [
        ((0, 1, 0, 1, 1, 0), 2),
        ((1, 1, 1, 1), 0),
        ((0, 0, 0), 3),
        ((1, np.nan, 0), 1),
        ((np.nan, 0, np.nan), 1),
    ],
)
def test_known_traces(trace, events):
    assert forgetting(column(*trace)).tolist() == [events]


def test_never_learned_ranks_above_all_and_first_learned_tells_it_apart():
    never, often = column(0, 0, 0, 0, 0, 0), column(1, 0, 1, 0, 1, 0)
    assert forgetting(never)[0] > forgetting(often)[0]
    assert first_learned(never)[0] == 7 and first_learned(often)[0] == 1


def test_without_classes_it_does_not_apply():
    with pytest.raises(NotApplicable, match="forgetting needs classes"):
        forgetting(unclassed(dtype=np.float16))
