from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable, UsageError
from byheart.diagnosis.location import layers_of, locate
from byheart.models.mlp import mlp
from byheart.runs.loop import outputs
from byheart.runs.single import record


@pytest.fixture(scope="module")
def located(few, tmp_path_factory):
    recipe = dataclasses.replace(few.recipe, epochs=60, lr=0.1, methods=("checkpoints=5",))
    task = dataclasses.replace(few, recipe=recipe)
    run = record(task, tmp_path_factory.mktemp("located"))
    return task, run, locate(run, task, task.train.ids[task.truth["wrong"]], epochs=20)


def test_a_layer_as_it_ended_changes_nothing(located):
    task, run, found = located
    wrong = task.truth["wrong"]
    right = run["final_logits"].argmax(1) == task.train.targets
    last = found.rewound[found.rewound["epoch"] == 60]
    assert len(last) == 3
    assert np.allclose(last["memorized"], right[wrong].mean()) and np.allclose(last["others"], right[~wrong].mean())


def test_rewinding_equals_a_network_put_together_by_hand(located):
    task, run, found = located
    network = run.network(task)
    begun = run.network(task, run.checkpoints[0])
    layer = next(iter(layers_of(network, run.weights)))
    network.get_submodule(layer).load_state_dict(begun.get_submodule(layer).state_dict())
    right = outputs(task, network, task.train).argmax(1) == task.train.targets
    row = found.rewound[(found.rewound["layer"] == layer) & (found.rewound["epoch"] == 0)].iloc[0]
    assert row["memorized"] == pytest.approx(right[task.truth["wrong"]].mean())
    assert row["others"] == pytest.approx(right[~task.truth["wrong"]].mean())


def test_wrong_labels_are_lost_before_the_others(located):
    _, _, found = located
    first = found.rewound[found.rewound["epoch"] == 5].iloc[0]
    assert first["memorized"] < first["others"]
    kept = found.retrained.set_index("layer")
    assert kept.iloc[0]["memorized"] < kept.iloc[-1]["memorized"]  # the early layer holds them, the last hardly
    assert (found.retrained["others"] > 0.9).all()
    assert found.slow == ()


def test_shares_of_the_gradient_add_up(located):
    _, _, found = located
    sums = found.gradients.groupby("epoch")[["memorized", "others"]].sum()
    np.testing.assert_allclose(sums.to_numpy(), 1, rtol=1e-6)


def test_gradients_that_no_kernel_reads_are_named(few, tmp_path):
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.scale, self.last = nn.Linear(64, 8), nn.Parameter(torch.ones(8)), nn.Linear(8, 10)

        def forward(self, x):
            return self.last(self.first(x.flatten(1)).relu() * self.scale)

    recipe = dataclasses.replace(few.recipe, epochs=2, lr=0.1, methods=("checkpoints=2",))
    task = dataclasses.replace(few, recipe=recipe, network=Scaled)
    found = locate(record(task, tmp_path / "run"), task, task.train.ids[:5], epochs=1)
    assert found.slow == ("one example at a time, since no kernel reads its layer: scale",)


def test_without_checkpoints_it_says_how_to_keep_them(few, tmp_path):
    run = record(few, tmp_path / "run")
    with pytest.raises(NotApplicable, match="checkpoints=10"):
        locate(run, few, [few.train.ids[0]])


@pytest.mark.parametrize("ids", [[], "all"])
def test_some_examples_and_not_all(located, ids):
    task, run, _ = located
    with pytest.raises(UsageError, match="not all"):
        locate(run, task, task.train.ids if ids == "all" else ids)


def test_layers_are_named_by_their_modules():
    network = mlp((4,), 3, hidden=(5,), norm="batch")
    found = layers_of(network, {name: value.numpy() for name, value in network.state_dict().items()})
    assert [len(names) for names in found.values()] == [2, 5, 2]  # weight and bias; with running statistics; again two
