import dataclasses

import numpy as np
import pytest

from byheart.base.errors import DataError, UsageError
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.bias_feature import checked_bias, colour, features_of, labels_of

IMAGES = np.random.default_rng(0).integers(5, 200, (6, 3, 4, 5)).astype(np.uint8)


def task(inputs=IMAGES, groups=None) -> Task:
    part = Examples(inputs, np.arange(6) % 2, groups=groups)
    return Task(part, part, recipe=Recipe(lr=0.1))


def test_colour_is_the_largest_value_of_each_channel():
    low, high = int(IMAGES.min()), int(IMAGES.max())
    slow = [[(max(int(v) for v in IMAGES[i, c].ravel()) - low) / (high - low) for c in range(3)] for i in range(6)]
    assert np.allclose(colour(IMAGES), slow)
    assert (colour(np.full((2, 1, 3, 3), 7)) == 0).all()


def test_features_and_labels_of_the_colour():
    assert np.allclose(features_of("colour", task()), colour(IMAGES))
    labels = labels_of("colour", task(), 8)
    assert labels.shape == (6, 3) and labels.max() == 7
    assert np.array_equal(labels, np.minimum(np.floor(colour(IMAGES) * 8), 7))


def test_features_and_labels_of_groups():
    groups = np.array(["b", "a", "b", "c", "a", "a"])
    assert features_of("groups", task(groups=groups)).argmax(1).tolist() == [1, 0, 1, 2, 0, 0]
    assert labels_of("groups", task(groups=groups), 8)[:, 0].tolist() == [1, 0, 1, 2, 0, 0]


def test_arrays_are_by_training_row():
    column = np.array([3, 9, 9, 3, 3, 5])
    assert features_of(column, task()).tolist() == [[3.0], [9.0], [9.0], [3.0], [3.0], [5.0]]
    assert labels_of(column, task(), 8)[:, 0].tolist() == [0, 2, 2, 0, 0, 1]
    table = np.stack([column, column[::-1]], 1)
    assert labels_of(table, task(), 8).T.tolist() == [[0, 2, 2, 0, 0, 1], [1, 0, 0, 2, 2, 0]]
    with pytest.raises(DataError, match="4 rows for 6"):
        features_of(np.zeros(4), task())


def test_errors():
    with pytest.raises(UsageError, match="no bias called"):
        checked_bias("shape")
    with pytest.raises(UsageError, match="shape"):
        checked_bias(np.zeros((2, 2, 2)))
    flat = dataclasses.replace(task(), train=Examples(np.zeros((6, 4)), np.arange(6) % 2),
                               test=Examples(np.zeros((6, 4)), np.arange(6) % 2), validation=None)  # fmt: skip
    with pytest.raises(DataError, match="no colour"):
        features_of("colour", flat)
    with pytest.raises(DataError, match="no groups"):
        labels_of("groups", flat, 8)
