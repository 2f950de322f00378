"""Leaving examples out: rows, groups, truth and weights go with them, and enough must be left."""

import dataclasses

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.controls.drop import Drop
from byheart.controls.rows import rows_of_ids
from byheart.methods.example_weights import ExampleWeights


def test_what_is_left_is_the_rest_in_its_order(table):
    weights = ExampleWeights(np.arange(1.0, 11.0))
    pointing = np.array([-1, 0, 3, -1, -1, 2, -1, -1, -1, 5])
    task = dataclasses.replace(
        table, recipe=dataclasses.replace(table.recipe, methods=(weights, "dropout=0.5")),
        truth={"wrong": np.arange(10) % 2 == 0, "duplicate_of": pointing},
    )  # fmt: skip
    left, rows = Drop((7, 3, 0)).apply(task), [1, 2, 4, 5, 6, 8, 9]
    assert left.train.ids.tolist() == rows and left.train.groups.tolist() == table.train.groups[rows].tolist()
    np.testing.assert_array_equal(left.train.inputs, table.train.inputs[rows])
    assert left.truth["wrong"].tolist() == [k % 2 == 0 for k in rows]
    assert left.truth["duplicate_of"].tolist() == [-1, -1, -1, 1, -1, -1, 3]  # 0 and 3 are gone; 2 and 5 have moved
    assert left.recipe.methods[0].weights.tolist() == [k + 1.0 for k in rows]
    assert left.recipe.methods[1] == "dropout=0.5"


def test_ids_of_one_class_or_all_but_one(table):
    y = table.train.targets
    for rows, said in ((np.flatnonzero(y == 1), "Fewer than two classes"), (np.arange(9), "Fewer than two examples")):
        with pytest.raises(UsageError, match=said):
            Drop(tuple(rows.tolist())).apply(table)


def test_what_is_refused(table):
    for ids, said in (((), "nothing to drop"), ((1, 2, 1), "id 1 is given twice")):
        with pytest.raises(UsageError, match=said):
            Drop(ids)
    with pytest.raises(UsageError, match=r"4 of 5 ids are not among .*: 11, 12, 13, \.\.\.\."):
        Drop((1, 11, 12, 13, 14)).apply(table)
    with pytest.raises(UsageError, match="'1'"):
        Drop(("1",)).apply(table)  # numbers are no texts


def test_rows_of_ids_keep_their_order(few):
    ids = few.train.ids[[5, 0, 9]].tolist()
    assert rows_of_ids(few, ids).tolist() == [5, 0, 9] and rows_of_ids(few, []).tolist() == []
