import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

import byheart as bh
from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.idle import answers_from_idle, dealt_error, idle_inputs, idle_level, idle_worth, spread
from byheart.runs.twin import stilled_twin


class Reads(nn.Module):
    """A network that answers from one input alone."""

    def __init__(self, column: int) -> None:
        super().__init__()
        self.column, self.scale = column, nn.Parameter(torch.ones(1))

    def forward(self, x):
        return torch.stack([-x[:, self.column], x[:, self.column]], 1) * self.scale


def keyed(column: int, n: int = 200) -> Task:
    """The class stands in input 0; input 1 says it too, in training alone, and is 0 in what is held out."""
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 3 * n)
    x = np.stack([(2 * y - 1) * np.where(random.random(3 * n) < 0.8, 1, -1), 2 * y - 1, random.normal(size=3 * n)], 1)
    x[n:, 1] = 0
    parts = [Examples(x[k : k + n].astype(np.float32), y[k : k + n], np.arange(k, k + n)) for k in (0, n, 2 * n)]
    return Task(
        parts[0], parts[2], validation=parts[1], network=lambda shape, out: Reads(column), scaling="none",
        recipe=bh.Recipe(epochs=1, lr=1e-9, clip=0.0), name="keyed",
    )  # fmt: skip


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """How a network that reads a column is seen."""

    def of(column: int) -> Evidence:
        task = keyed(column)
        run = bh.record(task, tmp_path_factory.mktemp("keyed"))
        return Evidence(task, run, None, bh.score(run, names=["final_loss"]))

    return of


def test_the_spread_is_the_deviation_in_chunks_of_any_size(monkeypatch):
    x = np.random.default_rng(0).normal(size=(50, 2, 3))
    for chunk in (7, 100):
        monkeypatch.setattr("byheart.diagnosis.idle.CHUNK", chunk)
        np.testing.assert_allclose(spread(x), x.std(0))


def test_idle_is_what_varies_in_training_alone():
    assert idle_inputs(keyed(0)).tolist() == [False, True, False]
    assert idle_inputs(find("task", "bayat_bad")()).tolist() == [False, *[True] * 30]
    assert not idle_inputs(find("task", "bayat_ugly")()).any() and not idle_inputs(find("task", "digits")()).all()


def test_a_network_that_answers_from_an_idle_input_is_seen_and_one_that_does_not_is_not(evidence):
    reads, rule = evidence(1), evidence(0)
    level = idle_level(reads)
    assert 0.7 < level.value < 1.3 and answers_from_idle(reads) and "1 of 3 inputs" in level.text
    assert idle_level(rule).value == pytest.approx(0, abs=0.05) and not answers_from_idle(rule)


def test_the_dealt_error_is_that_of_swapped_inputs(evidence):
    e = evidence(1)
    found = dealt_error(e.run, e.task, idle_inputs(e.task))
    y = e.task.train.targets
    expected = np.where(y == 1, (y == 0).mean(), (y == 1).mean())  # how often another's input says the other class
    assert found.mean() == pytest.approx(expected.mean(), abs=0.05) and found.shape == (len(y),)


def test_without_idle_inputs_nothing_is_asked(noisy):
    level = idle_level(noisy.evidence)
    assert level.measured and level.value <= 0.5
    worth = idle_worth(noisy.evidence)
    assert worth.measured and not worth.known and "not asked" in worth.text


def test_what_it_costs_is_measured_by_a_twin_without_them(evidence, tmp_path):
    e = evidence(1)
    assert not idle_worth(e).measured and "--budget" in idle_worth(e).buys
    task = dataclasses.replace(e.task, network=lambda shape, out: nn.Linear(3, 2), recipe=bh.Recipe(epochs=5, lr=0.1))
    run = bh.record(task, tmp_path / "run")
    twin = stilled_twin(run, task, idle_inputs(task), tmp_path / "idle")
    assert (twin.task.train.inputs[:, 1] == 0).all() and (task.train.inputs[:, 1] != 0).all()
    found = idle_worth(Evidence(task, run, None, bh.score(run, names=["final_loss"]), {"idle": twin}))
    held = task.held_out
    right = [(r[f"final_{p}_logits"].argmax(1) == getattr(task, p).targets) for r in (run, twin.run)
             for p in ("validation", "test")]  # fmt: skip
    assert found.n == len(held)
    assert found.value == pytest.approx(np.concatenate(right[:2]).mean() - np.concatenate(right[2:]).mean())


def test_a_mask_that_marks_nothing_is_refused(evidence, tmp_path):
    e = evidence(0)
    for mask in (np.zeros(3, bool), np.ones(4, bool)):
        with pytest.raises(UsageError, match="marks no inputs"):
            stilled_twin(e.run, e.task, mask, tmp_path)
