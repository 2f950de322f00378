"""Other labels: which rows models out of sample would change, and how labels are read."""

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import DataError, UsageError
from byheart.controls.relabel import Relabel, a_label, label_of, suggested, target_of


def test_suggested_by_hand():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [np.nan, np.nan], [0.4, 0.6]])
    rows, classes = suggested(p, np.array([4, 3, 2, 1]), np.array([0, 0, 1, 1, 1]))
    assert rows.tolist() == [2, 1] and classes.tolist() == [0, 1]  # a tie goes to the first class; NaN says nothing
    rows, classes = suggested(p, np.array([0]), np.array([0, 0, 1, 1, 1]))
    assert rows.tolist() == classes.tolist() == []


def test_labels_and_what_is_wrong_with_them(table):
    original = table.train.targets
    truth = {"original": original, "wrong": np.zeros(10, bool)}
    names = [table.class_names[k] for k in original[[2, 5]]]
    other = [table.class_names[1 - k] for k in original[[2, 5]]]
    action = Relabel((2, 5), tuple(names), tuple(other))
    after = action.apply(dataclasses.replace(table, truth=truth))
    assert np.flatnonzero(after.train.targets != original).tolist() == [2, 5]
    assert np.flatnonzero(after.truth["wrong"]).tolist() == [2, 5]
    back = Relabel((2, 5), tuple(other), tuple(names)).apply(after)
    assert not back.truth["wrong"].any() and back.train.targets.tolist() == original.tolist()
    unknown = action.apply(dataclasses.replace(table, truth={"wrong": truth["wrong"]}))
    assert "wrong" not in unknown.truth  # nobody knows whether the new ones are right


def test_a_label_that_is_not_the_expected_one(table):
    own = table.train.targets[:2].tolist()
    with pytest.raises(UsageError, match="where the plan expects") as error:
        Relabel((0, 1), tuple(1 - k for k in own), (0, 1)).apply(table)
    assert "2 examples like it" in error.value.what


def test_names_and_numbers(table, few):
    assert [target_of(table, label) for label in ("dog", 1, 1.0)] == [1, 1, 1] and label_of(table, 1) == "dog"
    with pytest.raises(UsageError) as error:
        target_of(table, "dgo")
    assert error.value.do == "did you mean 'dog'?"
    for label in (2, -1, 0.5, float("nan"), float("inf"), 10**400, "elephant"):
        with pytest.raises(UsageError, match="There is no class"):
            target_of(table, label)


def test_regression(table):
    y = np.linspace(0, 1, 10).astype(np.float32)
    task = bh.Task((table.train.inputs, y), (table.test.inputs, y[:5]))
    changed = Relabel((3,), (y[3].item(),), (0.25,)).apply(task)
    assert changed.train.targets[3] == 0.25 and label_of(task, y[3].item()) == y[3].item()
    for label in ("0.25", float("nan"), float("inf"), 1e300):
        with pytest.raises(UsageError, match="no target of a regression"):
            Relabel((3,), (y[3].item(),), (label,)).apply(task)


def test_what_is_refused():
    with pytest.raises(UsageError, match="do not match"):
        Relabel((1, 2), (0, 0), (1,))
    for value in (True, None, [1], float("inf"), float("nan"), 10**400, "\ud800"):
        with pytest.raises(DataError):
            a_label(value)
