import os

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.data.made.coloured_mnist import COLOURS, coloured, coloured_mnist, coloured_mnist_noisy

has_files = pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set")


def digits(n, seed=0):
    """Random pictures of 28 x 28 with a bright corner, so that no colour channel of one is empty."""
    random = np.random.default_rng(seed)
    inputs = random.integers(0, 256, (n, 1, 28, 28)).astype(np.uint8)
    inputs[:, :, 0, 0] = 255
    return Examples(inputs, random.integers(0, 10, n), 100 + np.arange(n))


def colour_of(part):
    """The channel that holds the picture; the other must be empty."""
    filled = part.inputs.any((2, 3))
    assert (filled.sum(1) == 1).all()
    return filled[:, 1].astype(int)


def near(found, share, n):
    return abs(found - share) < 5 * np.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize(("agree", "noise"), [(0.95, 0.0), (0.85, 0.25), (0.5, 0.0), (0.1, 0.25)])
def test_colours_and_labels_agree_as_often_as_asked(agree, noise):
    source = digits(5000)
    found, truth = coloured(source, agree, noise, np.random.default_rng(1))
    assert near(np.mean(colour_of(found) == found.targets), agree, 5000)
    assert near(np.mean(truth["wrong"]), noise, 5000) or (not noise and not truth["wrong"].any())
    assert near(np.mean(truth["conflicting"] == truth["wrong"]), agree * (1 - noise) + (1 - agree) * noise, 5000)


def test_equals_the_construction_row_by_row():
    source = digits(300)
    found, truth = coloured(source, 0.7, 0.2, np.random.default_rng(2))
    colour = colour_of(found)
    for i in range(300):
        original = 1 if source.targets[i] >= 5 else 0
        label = 1 - original if truth["wrong"][i] else original
        assert (truth["original"][i], found.targets[i]) == (original, label)
        assert truth["conflicting"][i] == (colour[i] != label)
        assert found.groups[i] == f"y={label},{COLOURS[colour[i]]}"
        assert np.array_equal(found.inputs[i, colour[i]], source.inputs[i, 0, ::2, ::2])
    assert np.array_equal(found.ids, source.ids)


def test_extreme_shares():
    for agree, noise in ((1.0, 0.0), (0.0, 1.0)):
        _, truth = coloured(digits(50), agree, noise, np.random.default_rng(0))
        assert truth["conflicting"].all() == (agree == 0)
        assert truth["wrong"].all() == (noise == 1)


@pytest.mark.parametrize("wrong", [{"agree": 1.5}, {"held_out_agree": -0.1}, {"noise": 2.0}])
def test_what_is_no_share_is_refused(wrong):
    with pytest.raises(UsageError, match="is no share"):
        coloured_mnist(**wrong)


@has_files
@pytest.mark.data
def test_variant_a():
    task = coloured_mnist()
    assert (len(task.train), len(task.held_out), task.input_shape) == (5_000, 10_000, (2, 14, 14))
    assert near(np.mean(colour_of(task.train) == task.train.targets), 0.95, 5_000)
    for part in (task.validation, task.test):
        assert near(np.mean(colour_of(part) == part.targets), 0.5, len(part))
    assert list(task.truth) == ["conflicting"]
    names = {"y=0,red", "y=0,green", "y=1,red", "y=1,green"}
    assert set(task.train.groups) == set(task.validation.groups) == set(task.test.groups) == names
    assert np.array_equal(task.truth["conflicting"], colour_of(task.train) != task.train.targets)
    r = task.recipe
    assert (r.optimizer, r.lr, r.weight_decay, r.batch, r.clip) == ("adamw", 1e-3, 1e-4, 64, 0)
    assert abs(r.epochs * 79 - 1200) < 79
    assert [tuple(p.shape) for p in task.build().parameters()][::2] == [(390, 392), (390, 390), (2, 390)]


@has_files
@pytest.mark.data
def test_variant_b():
    task = coloured_mnist_noisy()
    assert (len(task.train), task.name) == (10_000, "coloured_mnist_noisy")
    assert near(np.mean(task.truth["wrong"]), 0.25, 10_000)
    assert near(np.mean(task.truth["conflicting"]), 0.15, 10_000)
    assert np.array_equal(task.truth["wrong"], task.truth["original"] != task.train.targets)
    for part in (task.validation, task.test):
        assert near(np.mean(colour_of(part) == part.targets), 0.1, len(part))
    assert abs(task.recipe.epochs * 157 - 1200) < 157


@has_files
@pytest.mark.data
def test_the_digits_are_mnists():
    from byheart.data.builtin.mnist import FILES

    task, whole, official = coloured_mnist(2, train=100, test=100), FILES.part("train", None), FILES.part("t10k", None)
    for part, source in ((task.train, whole), (task.held_out, official)):
        assert np.array_equal(part.inputs.max(1), source.inputs[part.ids, 0, ::2, ::2])
        assert np.array_equal(part.targets, source.targets[part.ids] >= 5)


@has_files
@pytest.mark.data
@pytest.mark.slow
def test_plain_training_follows_the_colour():
    from byheart.runs.learner import Network

    task = coloured_mnist()
    right = Network().fit(task, np.arange(5_000), 0)(task.test).argmax(1) == task.test.targets
    accuracy = {g: right[task.test.groups == g].mean() for g in np.unique(task.test.groups)}
    assert min(accuracy.values()) < 0.75
    assert max(accuracy.values()) > 0.97
