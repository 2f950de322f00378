"""Units that hold answers: counts against those of `units_to_flip`, medians against their definition."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom
from torch import nn

from byheart.data.task import Recipe
from byheart.diagnosis import silenced as here
from byheart.diagnosis.silenced import affordable, fewer, median, needed, silenced_units
from byheart.runs.single import record
from byheart.scores.checkpoint.flipping import units_to_flip


@pytest.fixture(scope="module")
def run(few, tmp_path_factory):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=60, lr=0.1))
    return task, record(task, tmp_path_factory.mktemp("silenced"))


def test_counts_are_those_of_units_to_flip_and_wrong_labels_need_fewer(run):
    task, made = run
    wrong = task.truth["wrong"]
    table, why = silenced_units(made, task, wrong, 8, most=12)
    assert why == "" and set(table["layer"]) <= {"2", "4"}
    ids = table["id"].unique()
    rows = np.array([int(np.flatnonzero(task.train.ids == one)[0]) for one in ids])
    right = made["final_logits"].argmax(1) == task.train.targets
    assert len(rows) == 16 and right[rows].all() and wrong[rows].sum() == 8
    x, y = task.tensors(task.train, np.arange(len(task.train)))
    counts = units_to_flip(made.network(task), x, y, rows, 12, made.record.seed)
    units = needed(table)
    assert units["memorized"].tolist() == counts[wrong[rows]].tolist()
    assert units["others"].tolist() == counts[~wrong[rows]].tolist()
    assert median(units["memorized"]).value < median(units["others"]).value


def test_a_median_is_an_order_statistic_with_its_interval():
    values = np.array([5.0, 1, 2, np.inf, 3, 4, np.inf, 7, 6, 8, 9, 10, 11, 12, 13])
    found = median(values)
    assert found == (8, 4, 12)  # the 8th, 4th and 12th of 15
    assert 1 - 2 * binom.cdf(3, 15, 0.5) >= 0.95 > 1 - 2 * binom.cdf(4, 15, 0.5)
    assert np.isnan(median(values[:5]).low) and np.isfinite(median(values[8:14]).low)
    assert median(np.full(8, np.inf)).value == np.inf


def test_fewer_is_a_test_of_ranks():
    few, many = np.array([1.0, 2, 2, 3, 1, 2]), np.array([9.0, np.inf, np.inf, 20, np.inf, 12])
    assert fewer(few, many) < 0.01 < 0.9 < fewer(many, few)


def test_a_network_without_activations_and_one_that_is_never_right_say_why(few, run):
    plain = dataclasses.replace(few, network=lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    task, _ = run
    table, why = silenced_units(Told(plain), plain, few.truth["wrong"], 3)
    assert table.empty and list(table) == list(here.COLUMNS) and why == "This network has no activation modules"
    table, why = silenced_units(Told(task, right=False), task, few.truth["wrong"], 3)
    assert table.empty and "no answer is right" in why


class Told:
    """A run whose answers are all right, or all wrong."""

    def __init__(self, task, right=True):
        logits = np.zeros((len(task.train), 10))
        logits[np.arange(len(logits)), (task.train.targets + (0 if right else 1)) % 10] = 1.0
        self.logits, self.record = logits, type("Record", (), {"seed": 0})

    def __getitem__(self, name):
        return self.logits

    def network(self, task):
        return task.build()


def test_what_it_costs_is_about_a_training_at_most():
    def of(n, epochs):
        return affordable(SimpleNamespace(train=range(n), recipe=Recipe(epochs=epochs)))

    assert of(2000, 60)[0] == here.EXAMPLES and of(2000, 60)[1] < 1
    assert of(200, 5)[0] == here.FEW < of(800, 30)[0] < here.EXAMPLES and of(800, 30)[1] <= 1
