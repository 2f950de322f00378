import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.data.subsets import folds, halves, mask, masks, threshold_sets


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 300), st.integers(1, 70), st.integers(0, 5), st.sampled_from([0.3, 0.5, 0.7]))
def test_each_example_is_in_exactly_its_share_of_every_block(n, models, seed, share):
    member = masks(n, models, seed, share)
    assert member.shape == (models, n)
    for begin in range(0, models - 19, 20):
        assert (member[begin : begin + 20].sum(0) == round(20 * share)).all()


@given(st.integers(2, 100), st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_topping_up_changes_no_earlier_row(n, a, b):
    assert (masks(n, max(a, b), 3)[: min(a, b)] == masks(n, min(a, b), 3)).all()


def test_one_row_is_that_of_the_whole():
    whole = masks(90, 45, 3, 0.5)
    assert all((mask(90, k, 3, 0.5) == whole[k]).all() for k in (0, 19, 20, 44))
    with pytest.raises(UsageError, match="share"):
        mask(10, 1, 0, 0.33)


def test_subsets_have_the_size_they_should_and_differ():
    member = masks(1000, 40, 0)
    assert (member.sum(1) == 700).all()
    assert len(np.unique(member, axis=0)) == 40
    together = np.corrcoef(member.T.astype(float))[np.triu_indices(1000, 1)]
    assert abs(together.mean()) < 0.05


def test_shares_that_cannot_be_kept_are_refused():
    for share in (0.0, 1.0, 0.71):
        with pytest.raises(UsageError, match="share"):
            masks(10, 1, 0, share)
    with pytest.raises(UsageError):
        masks(1, 1, 0)


def test_halves_and_folds_part_the_rows():
    a, b = halves(11, 0)
    assert sorted([*a, *b]) == list(range(11)) and len(a) == 6
    y = np.arange(103) % 3
    fold = folds(y, 5, 0)
    for k in range(5):
        assert (np.bincount(y[fold == k], minlength=3) >= 6).all()
    with pytest.raises(UsageError):
        folds(y, 1, 0)


@given(st.integers(11, 500), st.integers(2, 10), st.integers(0, 99))
def test_threshold_sets_are_disjoint_and_of_the_published_size(n, classes, seed):
    first, second = threshold_sets(np.zeros(n, np.int64), classes, seed)
    assert len(first) == len(second) == n // (classes + 1)
    both = np.concatenate([first, second])
    assert len(set(both.tolist())) == len(both) and both.min() >= 0 and both.max() < n
    again = threshold_sets(np.zeros(n, np.int64), classes, seed)
    assert np.array_equal(first, again[0]) and np.array_equal(second, again[1])


def test_another_seed_draws_other_threshold_sets():
    targets = np.zeros(1000, np.int64)
    assert not np.array_equal(threshold_sets(targets, 10, 0)[0], threshold_sets(targets, 10, 1)[0])


def test_too_few_examples_for_threshold_sets_are_refused():
    with pytest.raises(UsageError, match="too few"):
        threshold_sets(np.zeros(5, np.int64), 10, 0)
