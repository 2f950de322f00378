"""Irrelevant features: what was there stays, what comes says nothing."""

from dataclasses import replace

import numpy as np
import pytest
from tests.data.planted import everything, pictures, same, table

from byheart.base.errors import UsageError
from byheart.data.irrelevant import with_irrelevant


@pytest.mark.parametrize(("make", "shape"), [(pictures, (1, 11, 8)), (table, (8,))])
def test_what_was_there_stays_and_so_many_come(make, shape):
    task = make()
    wider = with_irrelevant(task, 3, seed=1)
    assert wider.input_shape == shape
    for part in ("train", "validation", "test"):
        old, new = getattr(task, part), getattr(wider, part)
        kept = new.inputs[..., :8, :] if old.inputs.ndim == 4 else new.inputs[..., :5]
        assert np.array_equal(kept, old.inputs) and new.inputs.dtype == old.inputs.dtype
        assert np.array_equal(new.targets, old.targets) and np.array_equal(new.ids, old.ids)


def test_they_are_noise_of_the_same_spread_that_says_nothing_of_the_target():
    task = pictures(3_000)
    added = with_irrelevant(task, 4).train.inputs[:, :, 8:].reshape(3_000, -1).astype(float)
    assert abs(added.mean() - task.train.inputs.mean()) < 3
    assert 0.8 < added.std() / task.train.inputs.std() < 1.05
    assert np.abs(np.corrcoef(added.mean(1), task.train.targets)[0, 1]) < 0.06
    assert np.abs(np.corrcoef(added.T) - np.eye(added.shape[1])).max() < 0.1


def test_the_seed_decides_none_changes_nothing_and_the_task_given_is_left_alone():
    task = table()
    before = everything(task)
    assert with_irrelevant(task, 0) is task
    first, again, other = (everything(with_irrelevant(task, 2, seed)) for seed in (1, 1, 2))
    assert same(first, again) and not same(first, other) and same(before, everything(task))


def test_features_that_have_names_go_on_having_them():
    task = replace(table(), feature_names=("a", "b", "c", "d", "e"))
    assert with_irrelevant(task, 2).feature_names[-3:] == ("e", "irrelevant 1", "irrelevant 2")


@pytest.mark.parametrize("count", [-1, 1.5, "many", True, float("nan")])
def test_counts_that_are_none(count):
    with pytest.raises(UsageError, match="irrelevant"):
        with_irrelevant(table(), count)
