"""Ending training earlier, at an epoch that only validation examples choose."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import UsageError
from byheart.controls.stop import Stop, best_epoch
from byheart.runs.run import Run


class Watched(Run):
    """A run of which nothing but these columns is known."""

    def __init__(self, classes: int, **columns: np.ndarray) -> None:
        self.folder, self.columns, self.kinds = Path("runs/watched"), columns, classes

    classes = property(lambda self: self.kinds)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]


def test_the_best_epoch_is_where_validation_accuracy_is_highest():
    right = np.zeros((6, 5), np.float16)
    for epoch, count in enumerate([1, 2, 4, 4, 3, 3]):
        right[epoch, :count] = 1
    loss = np.arange(6.0)[::-1, None]
    run = Watched(10, validation_loss=loss, validation_correct=right, test_correct=right[::-1])
    assert best_epoch(run) == 3  # the first of two; test examples and losses have no say
    with pytest.raises(UsageError, match="no validation examples"):
        best_epoch(Watched(10, test_correct=right))


def test_a_regression_takes_the_least_loss():
    run = Watched(0, validation_loss=np.array([[3.0, 3.0], [1.0, 2.0], [0.0, 4.0]]))
    assert best_epoch(run) == 2


def test_it_is_the_same_training_cut_off(few, tmp_path):
    run = bh.record(Stop(3).apply(few), tmp_path / "cut")
    whole = bh.record(few, tmp_path / "whole")
    assert (run.epochs, whole.epochs) == (3, 6)
    np.testing.assert_array_equal(run["loss"], whole["loss"][:3])


def test_an_earlier_stop_takes_the_place_of_a_later_one(table):
    once = Stop(3).apply(table)
    assert Stop(2).apply(once).recipe.methods == ("stop_at_epoch=2",)
    later = dataclasses.replace(
        table, recipe=dataclasses.replace(table.recipe, methods=("stop_at_epoch=3", "dropout=0.5"))
    )
    assert Stop(1).apply(later).recipe.methods == ("stop_at_epoch=1", "dropout=0.5")
    for epochs, task, ends in ((4, table, 4), (9, table, 4), (3, once, 3), (4, once, 3)):
        with pytest.raises(UsageError, match=f"ends after epoch {ends} already"):
            Stop(epochs).apply(task)
    for epochs in (0, -1):
        with pytest.raises(UsageError):
            Stop(epochs)
