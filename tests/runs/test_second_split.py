import numpy as np
import pytest

from byheart.base.errors import RunError
from byheart.runs.second_split import second_split
from byheart.scores.trajectory.second_split_forgetting import second_split_forgetting


def test_wrong_labels_are_forgotten_first_and_a_second_call_reads(few, tmp_path):
    import dataclasses

    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=25))
    correct = second_split(task, tmp_path)
    assert correct.shape == (25, 200) and not np.isnan(correct).any()
    time = second_split_forgetting(correct)
    wrong = few.truth["wrong"]
    assert time[wrong].mean() < time[~wrong].mean()
    np.testing.assert_array_equal(second_split(task, tmp_path), correct)
    with pytest.raises(RunError, match="seed"):
        second_split(task, tmp_path, seed=1)
