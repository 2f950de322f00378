import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.data.made.pictures import whole_digits
from byheart.data.made.shortcut_core import shortcut_core, with_noise


@given(st.integers(0, 99), st.integers(200, 1000), st.floats(0.8, 1.0), st.sampled_from(["colour", "patch"]))
@settings(max_examples=15)
def test_the_share_of_exceptions_is_the_same_in_all_parts(seed, train, agree, cue):
    task = shortcut_core(seed, train=train, test=700, cue=cue, agree=agree)
    aligned = [np.mean(part.groups == "aligned") for part in (task.train, task.held_out)]
    assert round(aligned[0] * train + aligned[1] * 700) == round(agree * (train + 700))
    for found, n in zip(aligned, (train, 700), strict=True):
        assert abs(found - agree) <= 5 * np.sqrt(agree * (1 - agree) / n) + 1e-3
    assert np.array_equal(task.truth["conflicting"], task.train.groups == "conflicting")


def test_the_colour_is_what_the_groups_say():
    import colorsys

    task = shortcut_core(1, core_noise=0.0)
    tints = 0.1 + 0.9 * np.array([colorsys.hsv_to_rgb(k / 10, 1, 1) for k in range(10)])
    for part in (task.train, task.validation, task.test):
        colour = part.inputs.astype(float).sum((2, 3))
        seen = ((colour / np.linalg.norm(colour, axis=1, keepdims=True))
                @ (tints / np.linalg.norm(tints, axis=1, keepdims=True)).T).argmax(1)  # fmt: skip
        assert np.array_equal(part.groups == "aligned", seen == part.targets)


def test_without_noise_a_patch_leaves_the_digit_as_it_is():
    task, whole = shortcut_core(0, cue="patch", core_noise=0.0), whole_digits()
    for part in (task.train, task.held_out):
        assert ((part.inputs != whole.inputs[part.ids]).sum((1, 2, 3)) <= 1).all()
        assert np.array_equal(part.targets, whole.targets[part.ids])


def test_noise_is_gaussian_and_stays_in_range():
    images = np.full((40, 1, 28, 28), 128, np.uint8)
    images[0, 0, 0, 0] = 255
    found = with_noise(images, 0.1, np.random.default_rng(0))
    off = found[1:].astype(float) - 128
    assert abs(off.std() / 25.5 - 1) < 5 / np.sqrt(2 * off.size)
    assert abs(off.mean()) < 5 * 25.5 / np.sqrt(off.size)
    wild = with_noise(images, 3.0, np.random.default_rng(0))
    assert (wild.min(), wild.max()) == (0, 255)
    assert np.array_equal(with_noise(images, 0.0, np.random.default_rng(0)), images)


@pytest.mark.parametrize(("wrong", "says"), [
    ({"cue": "sound"}, "shortcut-sound"), ({"agree": 0.0}, "no share"), ({"core_noise": -1.0}, "no deviation"),
    ({"data": "letters"}, "digits, mnist"), ({"train": 1_500}, "digits has"),
])  # fmt: skip
def test_what_cannot_be_made_is_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        shortcut_core(**wrong)


@pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set")
@pytest.mark.data
def test_larger_pictures_keep_their_ids_apart():
    task = shortcut_core(data="fashion_mnist", train=2_000, test=1_000, cue="patch", core_noise=0.0)
    assert task.input_shape == (1, 14, 14)
    assert len(np.unique(task.train.ids)) == 2_000
    assert len(np.unique(task.held_out.ids)) == 1_000
