"""AUM over its threshold: the authors' rule, run by run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scores.trajectory.traces import unclassed

from byheart.base.errors import NotApplicable
from byheart.data.subsets import threshold_sets
from byheart.scores.trajectory.aum import aum
from byheart.scores.trajectory.aum_over_threshold import aum_over_threshold


def masks(sets: tuple[np.ndarray, np.ndarray], n: int) -> np.ndarray:
    return np.stack([np.isin(np.arange(n), rows) for rows in sets])


def slow_flags(first: np.ndarray, second: np.ndarray, sets: tuple[np.ndarray, np.ndarray]) -> list[bool]:
    cut = [float(np.percentile(values[rows], 99)) for values, rows in zip((first, second), sets, strict=True)]
    flags = []
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        if i in sets[0]:
            flags.append(bool(b <= cut[1]))
        elif i in sets[1]:
            flags.append(bool(a <= cut[0]))
        else:
            flags.append(bool(a <= cut[0] and b <= cut[1]))
    return flags


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_at_or_below_zero_is_the_rule_of_the_authors(seed, epochs):
    margin = np.random.default_rng(seed).normal(size=(epochs, 60, 2)).astype(np.float32)
    sets = threshold_sets(np.zeros(60, np.int64), 3, seed)
    found = aum_over_threshold(margin, masks(sets, 60))
    first, second = (aum(margin[:, :, k]) for k in (0, 1))
    assert (found <= 0).tolist() == slow_flags(first, second, sets)
    assert found[sets[0]] == pytest.approx(second[sets[0]] - np.percentile(second[sets[1]], 99))


def test_an_example_that_was_not_seen_has_no_value_and_neither_has_a_run_without_samples():
    margin = np.stack([np.arange(12.0, dtype=np.float32)] * 2, 1)[None]
    sample = masks((np.array([3, 4]), np.array([5, 6])), 12)
    margin[:, 0] = np.nan
    found = aum_over_threshold(margin, sample)
    assert np.isnan(found[0]) and (found[1:] <= 0).tolist() == [True] * 4 + [False] * 7
    margin[:, 3:5, 0] = np.nan
    with pytest.raises(NotApplicable, match="none of its threshold samples"):
        aum_over_threshold(margin, sample)


def test_without_classes_it_does_not_apply():
    with pytest.raises(NotApplicable, match="aum_over_threshold needs classes"):
        aum_over_threshold(np.stack([unclassed()] * 2, 2), np.zeros((2, unclassed().shape[1]), bool))
