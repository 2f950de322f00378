import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from byheart.diagnosis.uncertainty import Interval
from byheart.studies.criterion import above, at_least, at_most, below, over_seeds


@pytest.mark.parametrize(
    ("make", "met", "missed"),
    [
        (at_least, Interval(1.0, 0.5, 1.5), Interval(0.9, 0.5, 1.5)),
        (at_most, Interval(1.0, 0.5, 1.5), Interval(1.1, 0.5, 1.5)),
        (above, Interval(2.0, 1.1, 3.0), Interval(2.0, 1.0, 3.0)),
        (below, Interval(0.5, 0.1, 0.9), Interval(0.5, 0.0, 1.0)),
    ],
)
def test_senses(make, met, missed):
    criterion = make("value", 1.0, "what it is")
    assert criterion.met(met)
    assert not criterion.met(missed)
    assert criterion.wanted.endswith(" 1")


@pytest.mark.parametrize("make", [at_least, at_most, above, below])
def test_what_is_not_known_meets_nothing(make):
    assert not make("value", 0.0, "what it is").met(over_seeds([0.5, math.nan, 0.5]))


def test_one_seed_resolves_no_direction():
    assert not above("value", 0.0, "what it is").met(over_seeds([0.5]))
    assert at_least("value", 0.0, "what it is").met(over_seeds([0.5]))


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8))
def test_the_interval_is_students(values):
    found, array = over_seeds(values), np.array(values)
    half = stats.t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / math.sqrt(len(array))
    assert found.value == pytest.approx(array.mean(), abs=1e-9)
    assert found.high - found.value == pytest.approx(half, rel=1e-6, abs=1e-6)
