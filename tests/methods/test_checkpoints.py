from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.methods.checkpoints import Checkpoints
from byheart.runs.loop import begin
from byheart.runs.resume import flat
from byheart.runs.single import record


@pytest.fixture(scope="module")
def kept(few, tmp_path_factory):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, methods=("checkpoints=4",)))
    return task, record(task, tmp_path_factory.mktemp("run"))


def test_start_every_few_and_end_are_kept(kept):
    task, run = kept
    assert list(run.checkpoints) == [0, 4, 6]
    first = flat("w", begin(task, np.arange(len(task.train)), 0).network)
    for name, array in run.checkpoints[0].items():
        assert np.array_equal(array, first[f"w/{name}"])
    for name, array in run.checkpoints[6].items():
        assert np.array_equal(array, run.weights[name])
    assert run.learning_rates == pytest.approx({0: 0.1, 4: 0.1 * 3 / 6, 6: 0.1 / 6})


def test_training_is_as_without(kept, few, tmp_path):
    _, run = kept
    plain = record(few, tmp_path / "plain")
    assert all(np.array_equal(array, plain.weights[name]) for name, array in run.weights.items())
    assert plain.checkpoints == {}


def test_a_network_with_a_checkpoints_weights(kept):
    task, run = kept
    network = run.network(task, run.checkpoints[0])
    assert all(np.array_equal(p.detach().numpy(), run.checkpoints[0][n]) for n, p in network.named_parameters())


def test_nothing_to_keep_is_refused():
    with pytest.raises(UsageError, match="keeps nothing"):
        Checkpoints(0)
