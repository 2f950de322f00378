"""Rare groups and shortcuts: what sets groups."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.planted import pictures, table

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.data.plant import plant
from byheart.data.task import Task


@given(
    st.integers(60, 200), st.floats(0.1, 1), st.sampled_from(["shortcut-colour", "shortcut-patch"]), st.integers(0, 99)
)
@settings(max_examples=20, deadline=None)
def test_so_many_training_cues_are_right(n, amount, name, seed):
    planted = plant(pictures(n), f"{name}={amount}", seed)
    aligned = planted.train.groups == "aligned"
    assert aligned.sum() == round(amount * n)
    assert np.array_equal(planted.truth["conflicting"], ~aligned)
    for part in (planted.validation, planted.test):
        assert set(part.groups) <= {"aligned", "conflicting"}


@pytest.mark.parametrize("channels", [1, 3])
def test_the_colour_says_the_class_in_training_and_nothing_in_test(channels):
    task = pictures(3000, 3, channels)
    planted = plant(task, "shortcut-colour=0.9")
    assert planted.input_shape == (3, 8, 8)
    # hues 0, 1/3, 2/3 are red, green, blue
    cue = lambda part: (part.inputs.mean((2, 3)) / 1.0).argmax(1)  # noqa: E731
    assert (cue(planted.train) == planted.train.targets).mean() == pytest.approx(0.9, abs=0.001)
    held = planted.held_out
    assert (cue(held) == held.targets).mean() == pytest.approx(np.mean(held.groups == "aligned"))


def test_held_out_cues_are_right_once_in_k():
    many = pictures(3000)
    task = Task(many.train, Examples(many.train.inputs, many.train.targets))
    planted = plant(task, "shortcut-patch=1")
    share = np.mean(planted.held_out.groups == "aligned")
    assert abs(share - 1 / 3) < 4 * (2 / 9 / 3000) ** 0.5


@given(st.integers(3, 40), st.integers(2, 20))
@settings(max_examples=40, deadline=None)
def test_patches_of_different_classes_do_not_overlap_or_are_refused(side, classes):
    task = pictures(60, classes, side=side)
    dark = np.zeros_like(task.train.inputs)
    dark[0, 0, side // 2, side // 2] = 200
    task = replace(task, train=replace(task.train, inputs=dark))
    width = max(1, side // 8)
    try:
        planted = plant(task, "shortcut-patch=1")
    except UsageError:
        assert classes * width > 2 * (side - width)  # a row and a column would hold more
        return
    stamped = [planted.train.inputs[1:][planted.train.targets[1:] == label] == 200 for label in range(classes)]
    places = [images.all((0, 1)) for images in stamped]
    assert [int(place.sum()) for place in places] == [width**2] * classes
    assert np.sum(places, 0).max() == 1


def test_a_patch_changes_nothing_but_itself():
    task = pictures(60, side=16)
    planted = plant(task, "shortcut-patch=0.8")
    assert ((planted.train.inputs != task.train.inputs).sum((1, 2, 3)) <= 4).all()


def test_too_many_classes_for_the_edge_are_refused():
    with pytest.raises(UsageError, match="shortcut-colour"):
        plant(pictures(60, 10, side=3), "shortcut-patch=0.9")


@pytest.mark.parametrize(("make", "classes"), [(pictures, 3), (table, 3), (table, 0)])
def test_so_many_rare_examples_stay(make, classes):
    task = make(300, classes)
    planted = plant(task, "rare-groups=5")
    assert planted.truth["rare"].sum() == 5
    assert np.array_equal(planted.truth["rare"], planted.train.groups == "rare")
    assert len(planted.train) == 300 - 30 + 5
    at = {int(i): row for row, i in enumerate(task.train.ids)}
    rows = [at[int(i)] for i in planted.train.ids]
    assert np.array_equal(planted.train.inputs, task.train.inputs[rows])
    assert np.array_equal(planted.train.targets, task.train.targets[rows])


def test_rare_groups_are_found_held_out_by_the_same_rule():
    whole = table(300).train
    task = Task(whole, Examples(whole.inputs, whole.targets))
    planted = plant(task, "rare-groups=30")
    rare = {int(i) for i, g in zip(planted.train.ids, planted.train.groups, strict=True) if g == "rare"}
    assert {int(i) for p in (planted.test, planted.validation) for i in p.ids[p.groups == "rare"]} == rare


def test_rare_examples_lie_at_one_end_of_their_class():
    task = table(600)
    planted = plant(task, "rare-groups=60")
    for label in range(3):
        rows = planted.train.inputs[planted.train.targets == label]
        rare = planted.truth["rare"][planted.train.targets == label]
        assert np.linalg.norm(rows[rare].mean(0) - rows[~rare].mean(0)) > 1


def test_truth_follows_the_rows_that_stay():
    planted = plant(pictures(300), "label-noise=0.2,rare-groups=5")
    assert np.array_equal(planted.truth["wrong"], planted.train.targets != planted.truth["original"])


def test_rows_that_copies_point_to_are_not_removed():
    with pytest.raises(UsageError, match="before duplicates"):
        plant(pictures(300), "duplicates=5,rare-groups=5")
