"""Raw memorization against a loop, and which estimate the default gives."""

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.data.subsets import masks
from byheart.scores.subset.few_models import memorization_shrunk
from byheart.scores.subset.memorization import memorization, memorization_marked, memorization_raw

Evidence = dict[str, np.ndarray]


def shrunk(subset: Evidence, trajectory: Evidence):
    return memorization_shrunk(subset["member"], subset["many_correct"], **trajectory, targets=subset["targets"])


def test_raw_equals_a_loop(ensemble):
    subset, _, _ = ensemble(20, 60)
    found = memorization_raw(**subset)
    for i in range(60):
        inside = subset["member"][:, i]
        expected = subset["many_correct"][inside, i].mean() - subset["many_correct"][~inside, i].mean()
        assert found.value[i] == pytest.approx(expected, abs=1e-6)
        assert found.low[i] <= found.value[i] <= found.high[i]


def test_raw_is_not_a_number_for_an_example_in_all_models(ensemble):
    subset, _, _ = ensemble(20, 60)
    subset["member"][:, 0], subset["member"][:, 1] = True, False
    assert np.isnan(memorization_raw(**subset).value[:2]).all()
    assert memorization_marked(subset["member"])[:3].tolist() == [1.0, 1.0, 0.0]


def test_the_raw_interval_covers_the_truth(ensemble):
    subset, _, truth = ensemble(40)
    found = memorization_raw(**subset)
    assert ((found.low <= truth) & (truth <= found.high)).mean() >= 0.93


def test_regression_compares_losses(ensemble):
    subset, trajectory, _ = ensemble(20, 60)
    subset["targets"] = subset["targets"].astype(np.float32)
    inside = subset["member"]
    expected = subset["many_loss"][~inside[:, 5], 5].mean() - subset["many_loss"][inside[:, 5], 5].mean()
    assert memorization(**subset, **trajectory).value[5] == pytest.approx(expected, abs=1e-5)


def test_the_default_is_shrunk_below_32_models_with_a_trajectory_and_raw_otherwise(ensemble):
    few, trajectory, _ = ensemble(31, 200)
    many, _, _ = ensemble(32, 200)
    assert np.array_equal(memorization(**few, **trajectory).value, shrunk(few, trajectory).value)
    assert np.array_equal(memorization(**few).value, memorization_raw(**few).value)
    assert np.array_equal(memorization(**many, **trajectory).value, memorization_raw(**many).value)


def test_too_few_examples_for_a_prior_are_counted(ensemble):
    subset, trajectory, _ = ensemble(20, 49)
    assert np.array_equal(memorization(**subset, **trajectory).value, memorization_raw(**subset).value)


def test_below_eight_models_everything_is_marked_and_afterwards_nothing():
    assert memorization_marked(masks(100, 7, 0)).all()
    with pytest.raises(NotApplicable):
        memorization_marked(masks(100, 20, 0))
