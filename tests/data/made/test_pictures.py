import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from byheart.base.errors import UsageError
from byheart.data.made.pictures import drawn, drawn_by_class, halved, names_of, whole_digits


def test_the_whole_digits_are_scikit_learns():
    bunch = load_digits()
    whole = whole_digits()
    assert np.array_equal(whole.inputs[:, 0], bunch.images)
    assert np.array_equal(whole.targets, bunch.target)
    assert np.array_equal(whole.ids, np.arange(1797))


@given(st.integers(2, 900), st.integers(2, 800), st.integers(0, 99))
@settings(max_examples=20)
def test_so_many_are_drawn_and_none_is_in_both_parts(train, held_out, seed):
    learned, held = drawn("digits", train, held_out, seed)
    assert (len(learned), len(held)) == (train, held_out)
    assert not set(learned.ids) & set(held.ids)
    whole = whole_digits()
    for part in (learned, held):
        assert np.array_equal(part.inputs, whole.inputs[part.ids])
        assert np.array_equal(part.targets, whole.targets[part.ids])
        assert (np.diff(part.ids) > 0).all()


@given(st.lists(st.integers(0, 80), min_size=10, max_size=10), st.integers(0, 80), st.integers(0, 99))
@settings(max_examples=20)
def test_so_many_of_each_class_are_drawn(train, held_out, seed):
    counts = np.array(train)
    learned, held = drawn_by_class("digits", counts, np.full(10, held_out), seed)
    assert np.array_equal(np.bincount(learned.targets, minlength=10), counts)
    assert np.array_equal(np.bincount(held.targets, minlength=10), np.full(10, held_out))
    assert not set(learned.ids) & set(held.ids)


def test_every_picture_is_drawn_as_often():
    """The expectation over 200 seeds is 50 draws of each; the largest of 1,797 deviations is below six errors."""
    often = sum(np.bincount(drawn("digits", 449, 2, seed)[0].ids, minlength=1797) for seed in range(200))
    assert np.abs(often - 200 * 449 / 1797).max() < 6 * np.sqrt(200 * 0.25 * 0.75)


@pytest.mark.parametrize(("train", "held_out"), [(1000, 798), (1798, 0), (-1, 5)])
def test_more_than_there_are_is_refused(train, held_out):
    with pytest.raises(UsageError, match="digits has"):
        drawn("digits", train, held_out, 0)
    with pytest.raises(UsageError, match="class 8 of digits has"):
        drawn_by_class("digits", np.eye(10, dtype=int)[8] * 150, np.full(10, 25), 0)


def test_unknown_pictures_are_refused():
    with pytest.raises(UsageError, match="fashion_mnist"):
        drawn("fashion", 10, 10, 0)
    with pytest.raises(UsageError, match="digits"):
        names_of("cifar")


def test_halving_takes_every_second_pixel():
    images = np.arange(2 * 28 * 28).reshape(2, 1, 28, 28)
    found = halved(images)
    assert found.shape == (2, 1, 14, 14)
    assert all(found[1, 0, r, c] == images[1, 0, 2 * r, 2 * c] for r in range(14) for c in range(14))
