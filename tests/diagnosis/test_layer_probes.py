from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.registry import find
from byheart.diagnosis import layer_probes as file
from byheart.diagnosis.layer_probes import probe_layers, probed
from byheart.diagnosis.proportion import wilson
from byheart.runs.single import record


@pytest.fixture(scope="module")
def trained(few, digits, tmp_path_factory):
    task = dataclasses.replace(few, test=digits.test.take(np.arange(150)))
    run = record(task, tmp_path_factory.mktemp("probed") / "run")
    return task, run, probe_layers(run, task)


def test_one_row_a_layer_in_order_the_input_first(trained):
    _, _, found = trained
    assert list(found["layer"]) == ["(input)", "1", "2", "3", "4", "5"]
    assert list(found["features"]) == [64, 128, 128, 128, 128, 10]
    assert found["converged"].all()


def test_a_row_is_a_probe_of_what_the_layer_puts_out(trained):
    task, run, found = trained
    network = run.network(task).double()
    x, y = task.tensors(task.train, np.arange(200))
    z, t = task.tensors(task.test, np.arange(150))
    with torch.no_grad():
        here, there = (network[:3](part.double()).numpy() for part in (x, z))
    mean, deviation = here.mean(0), np.where(here.std(0) > 0, here.std(0), 1)
    probe = LogisticRegression(max_iter=1000).fit((here - mean) / deviation, y.numpy())
    right = probe.predict((there - mean) / deviation) == t.numpy()
    row = found.set_index("layer").loc["2"]
    assert (row["accuracy"], row["accuracy_low"], row["accuracy_high"]) == pytest.approx(wilson(right.sum(), 150))
    assert row["train_accuracy"] == pytest.approx(probe.score((here - mean) / deviation, y.numpy()))


def test_classes_are_read_off_far_better_than_by_chance(trained):
    _, _, found = trained
    assert (found["accuracy_low"] > 0.3).all() and (found["accuracy_low"] <= found["accuracy"]).all()


def test_features_that_say_nothing_and_features_that_say_all():
    random = np.random.default_rng(0)
    labels, held = np.arange(300) % 3, np.arange(600) % 3
    nothing = probed(random.normal(size=(300, 2)), random.normal(size=(600, 2)), labels, held)
    assert nothing["accuracy_low"] < 1 / 3 + 0.03 and nothing["accuracy_high"] > 1 / 3 - 0.03
    everything = probed(np.eye(3)[labels], np.eye(3)[held], labels, held)
    assert everything["accuracy"] == everything["train_accuracy"] == 1


def test_a_layer_that_is_called_input_is_a_row_beside_the_input(few, tmp_path):
    task = dataclasses.replace(few, network="rnn", recipe=dataclasses.replace(few.recipe, epochs=1))
    layers = list(probe_layers(record(task, tmp_path / "run"), task)["layer"])
    assert layers[0] == "(input)" and layers.count("input") == 1


def test_many_examples_are_drawn_from(trained, monkeypatch):
    task, run, whole = trained
    monkeypatch.setattr(file, "MOST", 120)
    few = probe_layers(run, task)
    assert list(few["layer"]) == list(whole["layer"]) and not few.equals(whole)


def test_a_probe_that_is_not_done_says_so(monkeypatch):
    random = np.random.default_rng(0)
    monkeypatch.setattr(file, "STEPS", 1)
    x, y = random.normal(size=(60, 5)), np.arange(60) % 2
    assert not probed(x, x, y, y)["converged"]


def test_regression_and_other_data_are_refused(trained, digits):
    _, run, _ = trained
    with pytest.raises(NotApplicable, match="not classes"):
        probe_layers(run, find("task", "diabetes")())
    with pytest.raises(UsageError, match="recorded with another"):
        probe_layers(run, digits)
