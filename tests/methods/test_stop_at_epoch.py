import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import UsageError
from byheart.methods.stop_at_epoch import StopAtEpoch


def test_it_is_the_beginning_of_the_whole_training(few, tmp_path):
    whole = bh.record(few, tmp_path / "whole")
    stopped = bh.record(few, tmp_path / "stopped", events=[StopAtEpoch(4)])
    assert stopped.epochs == 4 < whole.epochs
    np.testing.assert_array_equal(stopped["loss"], whole["loss"][:4])
    np.testing.assert_array_equal(stopped["test_correct"], whole["test_correct"][:4])


def test_a_shorter_recipe_is_another_training(few, tmp_path):
    short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=4))
    one, other = bh.record(short, tmp_path / "a"), bh.record(few, tmp_path / "b", events=[StopAtEpoch(4)])
    assert not np.array_equal(one["loss"], other["loss"])  # its learning rate ends at 0


@pytest.mark.parametrize("epochs", [None, 6, 100])
def test_none_and_the_last_epoch_are_plain_training(epochs, fitted, weights, plain):
    assert weights(fitted(StopAtEpoch(epochs))) == plain


@pytest.mark.parametrize("epochs", [0, -1, 2.5])
def test_what_is_no_epoch_is_refused(epochs):
    with pytest.raises(UsageError, match="out of range"):
        StopAtEpoch(epochs)
