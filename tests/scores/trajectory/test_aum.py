"""AUM against its definition, and the threshold samples on a network that was really trained."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scores.trajectory.traces import agrees, average, margins, seen_in, unclassed

import byheart as bh
from byheart.base.errors import NotApplicable, UsageError
from byheart.data.examples import Examples
from byheart.scores.trajectory.aum import aum, flagged, threshold_samples


@given(margins)
def test_it_equals_a_loop(traces):
    agrees(aum(traces), traces, lambda trace: average(seen_in(trace)))


def test_without_classes_it_does_not_apply():
    with pytest.raises(NotApplicable, match="aum needs classes"):
        aum(unclassed())


@given(st.integers(11, 500), st.integers(2, 10), st.integers(0, 99))
def test_threshold_samples_are_two_disjoint_sets_of_the_published_size(n, classes, seed):
    first, second = threshold_samples(np.zeros(n, np.int64), classes, seed)
    assert len(first) == len(second) == n // (classes + 1)
    both = np.concatenate([first, second])
    assert len(set(both.tolist())) == len(both) and both.min() >= 0 and both.max() < n
    again = threshold_samples(np.zeros(n, np.int64), classes, seed)
    assert np.array_equal(first, again[0]) and np.array_equal(second, again[1])


def test_another_seed_draws_other_samples():
    targets = np.zeros(1000, np.int64)
    assert not np.array_equal(threshold_samples(targets, 10, 0)[0], threshold_samples(targets, 10, 1)[0])


def test_too_few_examples_are_refused():
    with pytest.raises(UsageError, match="too few"):
        threshold_samples(np.zeros(5, np.int64), 10, 0)


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


@given(st.integers(0, 2**32 - 1))
def test_flags_equal_a_loop(seed):
    g = np.random.default_rng(seed)
    first, second = g.normal(size=60), g.normal(size=60)
    sets = threshold_samples(np.zeros(60, np.int64), 3, seed)
    assert flagged(first, second, sets).tolist() == slow_flags(first, second, sets)


def test_what_has_no_aum_is_not_flagged_and_a_set_without_any_is_refused():
    first, second = np.arange(12.0), np.arange(12.0)
    sets = (np.array([3, 4]), np.array([5, 6]))
    first[0] = second[0] = np.nan
    assert flagged(first, second, sets).tolist() == [False, True, True, True, True] + [False] * 7
    first[3:5] = np.nan
    with pytest.raises(UsageError, match="none of its threshold samples"):
        flagged(first, second, sets)


def test_the_whole_procedure_finds_planted_wrong_labels(few, tmp_path):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=20))
    sets = threshold_samples(task.train.targets, task.classes, seed=0)
    found = []
    for k, rows in enumerate(sets):
        y = np.array(task.train.targets)
        y[rows] = task.classes
        train = Examples(task.train.inputs, y, task.train.ids)
        extra = dataclasses.replace(task, train=train, classes=task.classes + 1, class_names=(), truth={})
        found.append(aum(bh.record(extra, tmp_path / str(k))["margin"]))
    flags, wrong = flagged(found[0], found[1], sets), task.truth["wrong"]
    assert flags[wrong].mean() >= 0.75
    assert flags[~wrong].mean() <= 0.35
