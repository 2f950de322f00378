"""Averages of models against the obvious mean, and Jensen's inequality."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from byheart.base.errors import UsageError
from byheart.base.seeds import spawn
from byheart.data.made.polynomial import polynomial
from byheart.data.subsets import masks
from byheart.runs.averaged import Averaged, average
from byheart.runs.estimator import Estimator
from byheart.runs.evidence import read
from byheart.runs.left_out import softmax


def test_it_is_the_log_of_the_mean_probability():
    z = np.random.default_rng(0).normal(size=(5, 20, 4)) * 3
    expected = np.mean([softmax(each) for each in z], axis=0)
    np.testing.assert_allclose(np.exp(average(z, 4)), expected, atol=1e-12)
    np.testing.assert_allclose(average(z[..., :1], 0), z[..., :1].mean(0))


def test_large_logits_do_not_overflow():
    z = np.array([[[1e4, -1e4]], [[-1e4, 1e4]]])
    np.testing.assert_allclose(average(z, 2), np.log([[0.5, 0.5]]))


@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([0, 2, 5]))
def test_no_example_loses_more_than_its_members_on_average(seed, models, classes):
    random = np.random.default_rng(seed)
    z = random.normal(size=(models, 30, classes or 1)).astype(np.float32) * 4
    y = random.integers(0, classes, 30) if classes else random.normal(size=30).astype(np.float32)
    members = np.mean([read(each, y, classes)["loss"].astype(np.float64) for each in z], axis=0)
    together = read(average(z, classes), y, classes)["loss"]
    assert (together <= members + 1e-4 * (1 + members)).all()


def test_the_learner_is_the_obvious_loop():
    task, rows = polynomial(0, 40, 60), np.arange(5, 40)
    line = Estimator(LinearRegression())
    member = masks(35, 3, 7, 0.5)
    expected = [line.fit(task, rows[chosen], spawn(7, "averaged", k))(task.test) for k, chosen in enumerate(member)]
    found = Averaged(line, 3, 0.5).fit(task, rows, 7)(task.test)
    np.testing.assert_allclose(found, np.mean(expected, axis=0))


def test_networks_are_averaged_too(few):
    @dataclass(frozen=True)
    class Sure:
        def fit(self, task, rows, seed):
            said = np.log(np.bincount(task.train.targets[rows], minlength=10) / len(rows) + 1e-9)
            return lambda examples: np.tile(said, (len(examples), 1))

    said = Averaged(Sure(), 4).fit(few, np.arange(200), 0)(few.test)
    assert said.shape == (30, 10)
    network = Averaged(models=2).fit(few, np.arange(200), 0)(few.test)
    np.testing.assert_allclose(np.exp(network).sum(1), 1, atol=1e-6)


def test_one_model_is_no_ensemble():
    with pytest.raises(UsageError, match="no average"):
        Averaged(models=1)
