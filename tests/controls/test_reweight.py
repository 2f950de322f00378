"""Weights: what is believed of a label, what balances a few with all others, and where they go."""

import numpy as np
import pytest

from byheart.base.errors import DataError, UsageError
from byheart.controls.drop import Drop
from byheart.controls.methods import Methods
from byheart.controls.plan import Plan
from byheart.controls.reweight import Reweight, balancing, trusted
from byheart.methods.example_weights import ExampleWeights


def test_trusted_is_the_probability_of_the_given_label():
    p = np.array([[0.9, 0.1], [0.25, 0.75], [np.nan, np.nan], [0.0, 1.0 + 1e-9]])
    np.testing.assert_array_equal(trusted(p, np.array([3, 2, 1, 0]), np.array([0, 0, 1, 1])), [1.0, 1.0, 0.25, 0.9])


@pytest.mark.parametrize(
    ("count", "total", "weight"), [(10, 100, 9.0), (50, 100, 1.0), (80, 100, 1.0), (1, 100, 20.0), (0, 100, 20.0)]
)
def test_balancing(count, total, weight):
    assert balancing(count, total) == weight
    if 1 < weight < 20:
        assert count * weight == total - count


def test_the_recipe_weighs_them_and_others_stay_1(table):
    changed = Methods(("dropout=0.5",)).apply(Reweight((7, 2), (0.5, 3.0)).apply(table))
    weights, dropout = changed.recipe.methods
    assert isinstance(weights, ExampleWeights) and dropout == "dropout=0.5"
    assert weights.weights.tolist() == [1, 1, 3, 1, 1, 1, 1, 0.5, 1, 1] and changed.train is table.train
    with pytest.raises(UsageError, match="weighs examples already"):
        Reweight((1,), (2.0,)).apply(changed)


def test_weights_of_0_are_taken_out_of_the_loss_and_all_of_0_is_refused(table):
    assert Reweight((1,), (0.0,)).apply(table).recipe.methods[0].weights[1] == 0
    with pytest.raises(DataError, match=r"^reweight: All example weights are 0"):
        Plan((Reweight(tuple(range(10)), (0.0,) * 10),)).apply(table)
    with pytest.raises(DataError, match=r"^drop: All example weights are 0"):
        Plan((Reweight(tuple(range(8)), (0.0,) * 8), Drop((8, 9)))).apply(table)


def test_words():
    assert Reweight((1, 2), (0.5, 0.5)).says == "weigh 2 examples 0.5, others 1"
    assert Reweight((1, 2), (20.0, 0.123)).says == "weigh 2 examples 0.12 to 20, others 1"


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -0.1, 1e300])
def test_what_is_no_weight(weight):
    with pytest.raises(UsageError, match="is no weight"):
        Reweight((1, 2), (1.0, weight))
    with pytest.raises(UsageError, match="do not match"):
        Reweight((1, 2), (1.0,))
