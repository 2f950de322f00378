import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.data.made.long_tail import long_tail, means, superclasses
from byheart.data.made.pictures import drawn_by_class, whole_digits
from byheart.data.made.zipf import zipf_counts


@given(st.integers(0, 99), st.integers(100, 200), st.floats(0.6, 1.5), st.sampled_from([0.0, 0.5]))
@settings(max_examples=15)
def test_frequencies_fall_by_zipfs_law(seed, train, exponent, held_out_exponent):
    task = long_tail(seed, train=train, test=300, exponent=exponent, held_out_exponent=held_out_exponent)
    kinds, counts = np.unique(task.train.groups, return_counts=True)
    assert sorted(counts, reverse=True) == zipf_counts(train, 10, exponent).tolist()
    held, held_counts = np.unique(task.held_out.groups, return_counts=True)
    assert sorted(held_counts, reverse=True) == zipf_counts(300, 10, held_out_exponent).tolist()
    assert np.array_equal(kinds, held)
    if held_out_exponent:  # the frequent kinds are the frequent ones held out too
        ranks = counts.argsort(kind="stable"), held_counts.argsort(kind="stable")
        assert np.corrcoef(counts, held_counts)[0, 1] > 0.5, ranks


@pytest.mark.parametrize("seed", range(4))
def test_kinds_are_classes_and_superclasses_hold_five_each(seed):
    task, whole = long_tail(seed), whole_digits()
    for part in (task.train, task.validation, task.test):
        assert np.array_equal(part.groups.astype(int), whole.targets[part.ids])
        assert np.array_equal(part.inputs, whole.inputs[part.ids])
    above = {(g, t) for part in (task.train, task.held_out) for g, t in zip(part.groups, part.targets, strict=True)}
    assert len(above) == 10  # one superclass a kind
    assert sum(t for _, t in above) == 5


@given(st.permutations(range(6)), st.integers(0, 99))
def test_a_rarer_kind_goes_where_its_nearest_before_is_not(ranked, seed):
    centres = np.random.default_rng(seed).normal(size=(6, 3))
    found = superclasses(np.array(ranked), centres)
    assert found[ranked[0]] == 0
    assert found.sum() == 3
    for place in range(1, 6):
        before = ranked[:place]
        distance = {k: float(np.linalg.norm(centres[k] - centres[ranked[place]])) for k in before}
        nearest = min(before, key=distance.__getitem__)
        if found[ranked[place]] == found[nearest]:  # only when the other superclass was full
            assert [found[k] for k in before].count(1 - found[nearest]) == 3


def test_the_mean_pictures_are_those_of_all_that_were_drawn():
    parts = drawn_by_class("digits", np.full(10, 7), np.full(10, 3), 0)
    inputs, targets = (np.concatenate([getattr(p, name) for p in parts]) for name in ("inputs", "targets"))
    found = means(parts, 10)
    for kind in range(10):
        slow = sum(inputs[i].astype(float).ravel() for i in range(100) if targets[i] == kind) / 10
        assert np.allclose(found[kind], slow)


def test_truth_marks_the_kinds_below_half_of_an_equal_share():
    task = long_tail(0)
    for kind in np.unique(task.train.groups):
        inside = task.train.groups == kind
        assert (task.truth["rare"][inside] == (inside.sum() < 240 / 20)).all()
    assert 0 < task.truth["rare"].sum() < 120


def test_equal_frequencies_leave_no_tail():
    assert not long_tail(0, exponent=0.0).truth["rare"].any()


def test_more_than_a_class_has_is_refused():
    with pytest.raises(UsageError, match="of digits has"):
        long_tail(train=400)
    with pytest.raises(UsageError, match="digits, mnist"):
        long_tail(data="letters")


@pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set")
@pytest.mark.data
@pytest.mark.parametrize("data", ["mnist", "fashion_mnist"])
def test_larger_pictures_are_halved(data):
    task = long_tail(data=data, train=1_000, test=1_000)
    assert (task.input_shape, len(task.train), len(task.held_out)) == ((1, 14, 14), 1_000, 1_000)
    assert len(np.unique(task.held_out.groups)) == 10
