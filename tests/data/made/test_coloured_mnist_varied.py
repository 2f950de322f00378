import os

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.data.made.coloured_mnist_varied import MEANS, coloured_mnist_varied, tinted

pytestmark = [
    pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set"), pytest.mark.data
]  # fmt: skip


def colours(part):
    """The colour (n, 3) of each picture, from 0 to 1: its largest value in each channel over the brightest digit's."""
    return part.inputs.max((2, 3)) / 255


def test_colours_vary_around_that_of_the_class_in_training_and_of_any_class_held_out():
    task = coloured_mnist_varied(1, train=4_000, test=4_000, variance=0.01)
    assert task.train.inputs.shape == (4_000, 3, 14, 14)
    near = np.square(colours(task.train)[:, None] - MEANS[None]).sum(2).argmin(1)
    assert np.all(task.train.groups == "aligned")
    assert 0.8 < np.mean(near == task.train.targets) < 1  # some look like another class's
    near = np.square(colours(task.test)[:, None] - MEANS[None]).sum(2).argmin(1)
    assert np.mean(near == task.test.targets) < 0.2
    assert abs(np.mean(task.test.groups == "aligned") - 0.1) < 0.03


def test_a_colour_is_the_hue_and_noise_of_that_variance():
    n = 20_000
    white = Examples(np.full((n, 1, 2, 2), 255, np.uint8), np.zeros(n, np.int64), np.arange(n))
    found = tinted(white, np.full(n, 2), 0.02, np.random.default_rng(0))
    channel = found.inputs[:, 0, 0, 0] / 255  # a hue of .2 has .8 of red, far enough from the ends to tell
    inside = np.clip(MEANS[2, 0] + np.sqrt(0.02) * np.random.default_rng(1).standard_normal(10**6), 0, 1)
    assert abs(channel.mean() - inside.mean()) < 5 * inside.std() / np.sqrt(n)
    assert abs(channel.std() / inside.std() - 1) < 0.03
    assert np.all(found.groups == "conflicting")
    still = tinted(white, np.full(n, 2), 0.0, np.random.default_rng(0))
    assert (still.inputs == np.rint(255 * MEANS[2]).astype(np.uint8)[None, :, None, None]).all()


def test_recipe_and_errors():
    r = coloured_mnist_varied(0, 100, 100).recipe
    assert (r.optimizer, r.lr, r.momentum, r.weight_decay, r.batch) == ("sgd", 0.01, 0.9, 5e-4, 128)
    with pytest.raises(UsageError, match="variance"):
        coloured_mnist_varied(variance=-1)
