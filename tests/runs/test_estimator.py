"""Estimators as learners, against scikit-learn called by hand."""

import dataclasses

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.data.made.polynomial import polynomial
from byheart.runs.averaged import Averaged
from byheart.runs.estimator import Estimator
from byheart.runs.kfold import kfold
from byheart.runs.learner import Learner
from byheart.runs.single import learner_digest
from byheart.runs.subsets import record_subsets


def test_least_squares_are_the_normal_equations_on_the_networks_scale():
    task = find("task", "diabetes")()
    rows = np.arange(0, len(task.train), 2)
    predict = Estimator(LinearRegression()).fit(task, rows, 0)
    mean, std = task.scale
    x = np.column_stack([np.ones(len(rows)), (task.train.inputs[rows].astype(np.float64) - mean) / std])
    y = (task.train.targets[rows].astype(np.float64) - task.target_scale[0]) / task.target_scale[1]
    weights = np.linalg.solve(x.T @ x, x.T @ y)
    test = np.column_stack([np.ones(len(task.test)), (task.test.inputs.astype(np.float64) - mean) / std])
    np.testing.assert_allclose(predict(task.test)[:, 0], test @ weights, atol=1e-9)


def test_classes_are_log_probabilities_also_of_a_class_that_was_not_seen(few):
    rows = np.flatnonzero(few.train.targets != 3)
    said = Estimator(LogisticRegression(max_iter=200)).fit(few, rows, 0)(few.test)
    assert said.shape == (len(few.test), 10)
    np.testing.assert_allclose(np.exp(said).sum(1), 1, atol=1e-9)
    assert (said[:, 3] == said.min()).all()
    x = ((few.train.inputs[rows] - few.scale[0].astype(np.float64)) / few.scale[1]).reshape(len(rows), -1)
    by_hand = LogisticRegression(max_iter=200).fit(x, few.train.targets[rows])
    x = ((few.test.inputs - few.scale[0].astype(np.float64)) / few.scale[1]).reshape(len(few.test), -1)
    np.testing.assert_array_equal(said.argmax(1), by_hand.predict(x))


def test_it_serves_where_a_network_does(tmp_path):
    task = polynomial(0, 40, 60)
    line = Estimator(LinearRegression())
    assert isinstance(line, Learner)
    folds = kfold(task, 4, tmp_path / "k", learner=line, jobs=1)
    for k in range(4):
        x, y = task.train.inputs[:, 0].astype(np.float64), task.train.targets.astype(np.float64)
        slope, start = np.polyfit(x[folds.fold != k], y[folds.fold != k], 1)
        np.testing.assert_allclose(folds["logits"][folds.fold == k, 0], (start + slope * x)[folds.fold == k], atol=1e-6)
    many = record_subsets(task, 3, tmp_path / "s", learner=Averaged(line, 2), jobs=1)
    assert many["loss"].shape == (3, 100)


def test_the_seed_decides_what_is_drawn_unless_the_estimator_has_its_own(few):
    rows = np.arange(100)
    forest = Estimator(RandomForestClassifier(5))
    one, same, other = (forest.fit(few, rows, seed)(few.test) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    fixed = Estimator(RandomForestClassifier(5, random_state=3))
    assert np.array_equal(fixed.fit(few, rows, 0)(few.test), fixed.fit(few, rows, 1)(few.test))


def test_every_parameter_names_the_learner():
    made = [
        Estimator(make_pipeline(PolynomialFeatures(degree), QuantileRegressor(alpha=alpha)))
        for degree, alpha in ((2, 0), (3, 0), (2, 1))
    ]
    assert len({learner_digest(learner) for learner in made}) == 3
    again = Estimator(make_pipeline(PolynomialFeatures(2), QuantileRegressor(alpha=0)))
    assert learner_digest(again) == learner_digest(made[0])
    assert again == made[0]


def test_what_is_no_such_estimator_is_refused(few):
    with pytest.raises(UsageError, match="no estimator"):
        Estimator(LinearRegression)
    with pytest.raises(UsageError, match="does not predict classes"):
        Estimator(RandomForestRegressor()).fit(few, np.arange(50), 0)
    numbers = dataclasses.replace(polynomial())
    with pytest.raises(UsageError, match="does not predict numbers"):
        Estimator(LogisticRegression()).fit(numbers, np.arange(40), 0)
