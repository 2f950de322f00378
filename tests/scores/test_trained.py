import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

import byheart as bh
from byheart.base.errors import NotApplicable, UsageError
from byheart.scores.trained import checkpoint_columns, checkpoints, examples_seen, network_of, rows_of_run, same_data


@pytest.fixture(scope="module")
def short(few, tmp_path_factory):
    recipe = dataclasses.replace(few.recipe, epochs=2, methods=("checkpoints=1",))
    task = dataclasses.replace(few, recipe=recipe)
    return task, bh.record(task, tmp_path_factory.mktemp("short"))


def test_the_network_is_frozen_and_in_double_precision(short):
    task, run = short
    network = network_of(run, task)
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    assert {p.dtype for p in network.parameters()} == {torch.float64}
    logits = network(task.tensors(task.train, np.arange(200))[0].double())
    np.testing.assert_allclose(logits.numpy(), run["final_logits"], atol=1e-4)


def test_a_network_that_runs_in_its_own_precision_alone_is_left_there(short, tmp_path):
    class Single(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(64, 10)

        def forward(self, x):
            return self.head(x.flatten(1).float())

    task = dataclasses.replace(short[0], network=lambda shape, out: Single())
    assert next(network_of(bh.record(task, tmp_path), task).parameters()).dtype == torch.float32


def test_checkpoints_come_in_order_with_their_learning_rates(short):
    task, run = short
    found = checkpoints(run, task)
    assert [rate for rate, _ in found] == list(run.learning_rates.values()) and len(found) == 3
    last = found[-1][1].state_dict()
    assert all(np.array_equal(last[name].numpy(), array) for name, array in run.weights.items())


def test_examples_are_as_the_network_sees_them(short):
    task, run = short
    columns = checkpoint_columns(run, task, ("network", "inputs", "targets"))
    found = examples_seen(task, np.array([5, 3]), columns, ["inputs", "targets"])
    assert set(columns) == {"network"} and found["inputs"].dtype == torch.float64
    assert found["targets"].tolist() == task.train.targets[[5, 3]].tolist()
    np.testing.assert_allclose(found["inputs"], task.tensors(task.train, np.array([5, 3]))[0])


def test_rows_are_found_by_id(short, tmp_path):
    task, _ = short
    order = np.random.default_rng(0).permutation(200)[:50]
    some = bh.record(dataclasses.replace(task, train=task.train.take(order), truth={}), tmp_path)
    assert np.array_equal(task.train.ids[rows_of_run(some, task)], some.ids)
    with pytest.raises(UsageError, match="other examples"):
        rows_of_run(short[1], dataclasses.replace(task, train=task.train.take(order), truth={}))


def test_other_data_and_other_networks_are_refused(short):
    task, run = short
    same_data(run, task)
    other = dataclasses.replace(task, network=lambda shape, out: nn.Sequential(nn.Flatten(), nn.Linear(64, out)))
    with pytest.raises(UsageError, match="another network"):
        bh.score(run, None, "gradient_norm", task=other)
    with pytest.raises(UsageError):
        network_of(run, other)


def test_what_is_missing_is_named(short):
    task, run = short
    for arguments, why in (((None, task), r"byheart.record\(task\)"), ((run, None), "task=task")):
        with pytest.raises(NotApplicable, match=why):
            checkpoint_columns(*arguments, ("network",))
