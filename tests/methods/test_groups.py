import numpy as np
import pytest

from byheart.base.errors import DataError
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.groups import codes_of, groups_needed, sizes
from byheart.runs.loop import begin


def task(groups) -> Task:
    part = Examples(np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1]), groups=groups)
    return Task(part, part, recipe=Recipe(lr=0.1))


def test_codes_are_places_among_the_sorted_names():
    names, codes = codes_of(np.array(["sky", "grass", "sky", "sea"]))
    assert names.tolist() == ["grass", "sea", "sky"]
    assert codes.tolist() == [2, 0, 2, 1] and codes.dtype == np.int64
    assert sizes(codes, 4).tolist() == [1, 1, 2, 0]


def test_groups_of_a_state():
    names, codes = groups_needed("x", begin(task(np.array(["b", "a", "b", "b"])), np.arange(4), 0))
    assert names.tolist() == ["a", "b"] and codes.tolist() == [1, 0, 1, 1]


def test_without_groups_it_says_so_and_what_else_there_is():
    with pytest.raises(DataError, match="Group DRO needs groups, and the training examples have none") as error:
        groups_needed("Group DRO", begin(task(None), np.arange(4), 0))
    assert "jtt" in error.value.do
    with pytest.raises(DataError, match="validation examples have none"):
        groups_needed("DFR", begin(task(None), np.arange(4), 0), "validation")
