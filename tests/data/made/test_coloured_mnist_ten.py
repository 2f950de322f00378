import os

import numpy as np
import pytest

from byheart.data.made.coloured_mnist_ten import coloured_mnist_ten

pytestmark = [
    pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set"), pytest.mark.data
]  # fmt: skip


def hue(part):
    """The place (n,) of each picture's tint among the ten, from the ratio of its channels."""
    import colorsys

    tints = 0.1 + 0.9 * np.array([colorsys.hsv_to_rgb(k / 10, 1, 1) for k in range(10)])
    colour = part.inputs.astype(float).sum((2, 3))
    ratio = colour / np.linalg.norm(colour, axis=1, keepdims=True)
    return (ratio @ (tints / np.linalg.norm(tints, axis=1, keepdims=True)).T).argmax(1)


@pytest.mark.parametrize("agree", [0.95, 0.995])
def test_colours_are_the_class_in_training_and_any_held_out(agree):
    task = coloured_mnist_ten(1, train=4_000, test=4_000, agree=agree)
    assert np.mean(hue(task.train) == task.train.targets) == pytest.approx(agree)
    assert np.array_equal(task.truth["conflicting"], hue(task.train) != task.train.targets)
    for part in (task.train, task.validation, task.test):
        assert np.array_equal(part.groups == "aligned", hue(part) == part.targets)
    held = task.held_out
    counts = np.zeros((10, 10))
    np.add.at(counts, (held.targets, hue(held)), 1)
    expected = counts.sum(1, keepdims=True) / 10
    assert (np.square(counts - expected) / expected).sum() < 150  # chi-squared with 90 degrees: 99.99% below


def test_network_and_recipe_are_the_papers():
    task = coloured_mnist_ten()
    assert [tuple(p.shape) for p in task.build().parameters()][::2] == [(100, 2352), (100, 100), (100, 100), (10, 100)]
    assert (task.recipe.optimizer, task.recipe.lr, task.recipe.batch, task.recipe.epochs) == ("adamw", 1e-3, 256, 100)
    assert (len(task.train), len(task.held_out)) == (10_000, 10_000)
