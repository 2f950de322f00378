"""Random inputs, canaries, duplicates, leakage: rows that are changed or added."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.planted import pictures, table

from byheart.base.errors import UsageError
from byheart.data.plant import plant


@given(st.integers(20, 120), st.floats(0.05, 1), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_random_inputs_are_exactly_the_rows_that_changed(n, amount, seed):
    task = pictures(n)
    planted = plant(task, f"random-inputs={amount}", seed)
    changed = (planted.train.inputs != task.train.inputs).reshape(n, -1).any(1)
    assert np.array_equal(changed, planted.truth["random_input"])
    assert changed.sum() == round(amount * n)
    assert np.array_equal(planted.train.targets, task.train.targets)


@pytest.mark.parametrize("make", [pictures, table])
def test_random_inputs_have_the_moments_and_the_range_of_the_data(make):
    task = make(3000)
    noise = plant(task, "random-inputs=1").train.inputs
    axes = (0, 2, 3) if noise.ndim == 4 else 0
    scale = task.train.inputs.std(axes)
    assert (abs(noise.mean(axes) - task.train.inputs.mean(axes)) < 0.2 * scale).all()
    assert (noise.std(axes) > 0.6 * scale).all()
    assert (noise.min(axes) >= task.train.inputs.min(axes)).all()
    assert (noise.max(axes) <= task.train.inputs.max(axes)).all()


def test_random_inputs_say_nothing_of_the_class():
    planted = plant(pictures(600), "random-inputs=1")
    brightness = planted.train.inputs.reshape(600, -1).mean(1)
    means = [brightness[planted.train.targets == label].mean() for label in range(3)]
    assert np.ptp(means) < 5


@pytest.mark.parametrize("classes", [0, 3])
def test_canaries_are_added_at_the_end(classes):
    task = table(60, classes)
    planted = plant(task, "canaries=7")
    assert np.array_equal(np.flatnonzero(planted.truth["canary"]), np.arange(60, 67))
    assert np.array_equal(planted.train.inputs[:60], task.train.inputs)
    assert len(np.unique(planted.train.inputs[60:], axis=0)) == 7


def test_canaries_after_noise_have_no_wrong_label():
    truth = plant(table(60), "label-noise=0.2,canaries=7").truth
    assert truth["wrong"].sum() == 12
    assert not truth["wrong"][60:].any()


@given(
    st.sampled_from(["duplicates", "near-duplicates", "conflicting-duplicates"]), st.integers(1, 40), st.integers(0, 99)
)
@settings(max_examples=30, deadline=None)
def test_copies_point_to_their_originals(name, count, seed):
    task = pictures(40)
    planted = plant(task, f"{name}={count}", seed)
    train, truth = planted.train, planted.truth
    rows = truth["duplicate_of"][40:]
    assert np.array_equal(np.flatnonzero(truth["duplicate"]), np.arange(40, 40 + count))
    assert len(set(rows)) == count
    assert (truth["duplicate_of"][:40] == -1).all()
    exact = (train.inputs[40:] == train.inputs[rows]).all((1, 2, 3))
    labels = train.targets[40:] == train.targets[rows]
    assert exact.all() if name != "near-duplicates" else not exact.any()
    assert labels.all() if name != "conflicting-duplicates" else not labels.any()


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_near_copies_are_nearer_than_any_other_example(kind):
    planted = plant(pictures(60, kind=kind), "near-duplicates=10")
    flat = planted.train.inputs.reshape(len(planted.train), -1).astype(float)
    distance = ((flat[60:, None] - flat[None, :60]) ** 2).sum(2)
    assert np.array_equal(distance.argmin(1), planted.truth["duplicate_of"][60:])


def test_near_copies_differ_where_rounding_would_undo_it():
    task = pictures(30)
    flat = replace(task.train, inputs=(task.train.inputs > 100).astype(np.uint8))
    planted = plant(replace(task, train=flat), "near-duplicates=30")
    differ = (planted.train.inputs[30:] != planted.train.inputs[planted.truth["duplicate_of"][30:]]).sum((1, 2, 3))
    assert (differ >= 1).all()
    assert planted.train.inputs.max() == 1


def test_near_copies_of_tables_leave_columns_of_two_values():
    planted = plant(table(), "near-duplicates=10")
    assert set(planted.train.inputs[:, 4]) == {0.0, 1.0}
    task = table()
    binary = replace(task.train, inputs=(task.train.inputs > 0).astype(np.float32))
    with pytest.raises(UsageError, match="more than two values"):
        plant(replace(task, train=binary), "near-duplicates=3")


def test_conflicting_copies_are_wrong_and_know_the_right_label():
    task = pictures(40)
    truth = plant(task, "conflicting-duplicates=10").truth
    assert np.array_equal(truth["wrong"], truth["conflicting_duplicate"])
    assert np.array_equal(truth["original"][40:], task.train.targets[truth["duplicate_of"][40:]])


def test_a_copy_of_a_wrong_label_is_wrong():
    planted = plant(pictures(40), "label-noise=0.5,duplicates=40")
    assert np.array_equal(planted.truth["wrong"][40:], planted.truth["wrong"][planted.truth["duplicate_of"][40:]])
    conflicting = plant(pictures(40), "label-noise=0.5,conflicting-duplicates=40")
    assert conflicting.truth["wrong"][40:].all()


def test_copies_of_copies_are_not_made():
    truth = plant(pictures(40), "duplicates=30,duplicates=40").truth
    assert (truth["duplicate_of"] < 40).all()
    assert truth["duplicate"].sum() == 70


def test_copies_keep_the_group():
    task = pictures(40)
    task = replace(task, train=replace(task.train, groups=np.arange(40) % 4))
    planted = plant(task, "duplicates=10,canaries=2")
    assert np.array_equal(planted.train.groups[40:50], planted.train.groups[planted.truth["duplicate_of"][40:50]])
    assert list(planted.train.groups[50:]) == ["canary", "canary"]


def test_leaked_rows_are_copies_of_test_rows():
    task = pictures(40)
    planted = plant(task, "leakage=4,leakage=2")
    rows = planted.truth["leaked_from"]
    assert np.array_equal(np.flatnonzero(planted.truth["leaked"]), np.arange(40, 46))
    assert np.array_equal(planted.train.inputs[40:], task.test.inputs[rows[40:]])
    assert np.array_equal(planted.train.targets[40:], task.test.targets[rows[40:]])
    assert (rows[:40] == -1).all()
