import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.data.made.noisy import noisy
from byheart.data.made.pictures import whole_digits


@given(st.integers(0, 99), st.integers(100, 1000), st.floats(0.05, 0.5), st.sampled_from([0.0, 0.2]))
@settings(max_examples=20)
def test_so_many_labels_are_drawn_anew(seed, train, noise, held_out_noise):
    task, whole = noisy(seed, train=train, test=700, noise=noise, held_out_noise=held_out_noise), whole_digits()
    assert task.truth["random_label"].sum() == round(noise * train)
    true = whole.targets[task.train.ids]
    assert np.array_equal(task.truth["original"], true)
    assert np.array_equal(task.truth["wrong"], task.train.targets != true)
    assert not (task.truth["wrong"] & ~task.truth["random_label"]).any()
    turned = np.mean(task.held_out.targets != whole.targets[task.held_out.ids])
    most = round(held_out_noise * 700) / 700
    assert turned <= most
    assert abs(turned - 0.9 * most) <= 5 * np.sqrt(0.09 * most / 700)


def test_nine_tenths_of_the_random_labels_are_wrong():
    tasks = [noisy(seed, noise=0.3) for seed in range(10)]
    wrong = np.mean([task.truth["wrong"][task.truth["random_label"]].mean() for task in tasks])
    assert abs(wrong - 0.9) < 5 * np.sqrt(0.09 / 3_000)
    labels = np.concatenate([task.train.targets[task.truth["random_label"]] for task in tasks])
    counts = np.bincount(labels, minlength=10)
    assert (np.square(counts - 300) / 300).sum() < 34  # chi-squared with 9 degrees: 99.99% below


@pytest.mark.parametrize("noise", [0.0, 1.5])
def test_what_is_no_share_is_refused(noise):
    with pytest.raises(UsageError, match="no share"):
        noisy(noise=noise)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_what_is_no_share_held_out_is_refused(share):
    with pytest.raises(UsageError, match="no share"):
        noisy(held_out_noise=share)


@pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set")
@pytest.mark.data
def test_larger_pictures_are_halved():
    task = noisy(data="fashion_mnist", train=2_000, test=1_000)
    assert (task.input_shape, task.truth["random_label"].sum()) == ((1, 14, 14), 400)
