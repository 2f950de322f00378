"""Label noise, uniform, pair and instance-wise, and random labels."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from tests.data.planted import pictures, table

from byheart.base.errors import UsageError
from byheart.data.plant import plant

NOISES = ("label-noise", "label-noise-pair", "label-noise-instance")


@given(st.sampled_from(NOISES), st.integers(20, 200), st.floats(0.05, 1), st.integers(2, 6), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_exactly_so_many_are_wrong_and_the_truth_is_the_difference(name, n, amount, classes, seed):
    task = table(n, classes)
    planted = plant(task, f"{name}={amount}", seed)
    wrong = planted.truth["wrong"]
    assert wrong.sum() == round(amount * n)
    assert np.array_equal(wrong, planted.train.targets != task.train.targets)
    assert np.array_equal(planted.truth["original"], task.train.targets)
    assert 0 <= planted.train.targets.min() <= planted.train.targets.max() < classes
    assert np.array_equal(planted.train.inputs, task.train.inputs)


def test_uniform_takes_every_other_class_alike():
    planted = plant(table(6000, 4), "label-noise=0.5")
    steps = (planted.train.targets - planted.truth["original"])[planted.truth["wrong"]] % 4
    assert chisquare(np.bincount(steps, minlength=4)[1:]).pvalue > 1e-4


def test_uniform_takes_every_class_alike():
    planted = plant(table(6000, 4), "label-noise=0.5")
    assert chisquare(np.bincount(planted.truth["original"][planted.truth["wrong"]])).pvalue > 1e-4


def test_pair_takes_the_next_class_and_wraps():
    planted = plant(table(60, 3), "label-noise-pair=1")
    assert np.array_equal(planted.train.targets, (planted.truth["original"] + 1) % 3)


def test_instance_noise_follows_the_input():
    """The same input under the same label tends to the same wrong label; uniform noise does not."""
    random = np.random.default_rng(0)
    task = table(4000, 4)
    twins = random.integers(0, 4, 4000)  # 4 inputs per label, repeated
    prototypes = random.normal(size=(4, 5)).astype(np.float32) * 4
    task = replace(task, train=replace(task.train, inputs=prototypes[twins]))

    def concentration(name):
        planted = plant(task, f"{name}=0.5")
        shares = []
        for label in range(4):
            for twin in range(4):
                rows = planted.truth["wrong"] & (twins == twin) & (planted.truth["original"] == label)
                shares.append(np.bincount(planted.train.targets[rows], minlength=4).max() / rows.sum())
        return np.mean(shares)

    assert concentration("label-noise-instance") > concentration("label-noise") + 0.1


def test_noise_on_noise_keeps_the_first_original():
    task = table(100, 3)
    planted = plant(task, "label-noise=0.2,label-noise-pair=0.3")
    assert np.array_equal(planted.truth["original"], task.train.targets)
    assert planted.truth["wrong"].sum() == 50


def test_more_noise_than_there_are_right_labels_is_refused():
    with pytest.raises(UsageError, match="only 10 are still right"):
        plant(table(100, 3), "label-noise=0.9,label-noise-pair=0.2")


@given(st.integers(20, 200), st.floats(0.1, 1), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_random_labels_mark_what_was_drawn_and_what_is_wrong(n, amount, seed):
    task = pictures(n)
    planted = plant(task, f"random-labels={amount}", seed)
    assert planted.truth["random_label"].sum() == round(amount * n)
    assert np.array_equal(planted.truth["wrong"], planted.train.targets != task.train.targets)
    assert not (planted.truth["wrong"] & ~planted.truth["random_label"]).any()


def test_random_labels_stay_right_once_in_k():
    planted = plant(table(6000, 4), "random-labels=1")
    assert abs(planted.truth["wrong"].mean() - 0.75) < 4 * (0.75 * 0.25 / 6000) ** 0.5
    assert chisquare(np.bincount(planted.train.targets)).pvalue > 1e-4
