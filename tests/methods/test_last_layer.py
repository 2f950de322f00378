import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.last_layer import last_linear


class Scaled(nn.Module):
    """A last layer whose output is not the network's."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.flat, self.layer = nn.Flatten(), nn.Linear(inputs, outputs)

    def forward(self, x):
        return 2 * self.layer(self.flat(x))


def network_of(few, make) -> nn.Module:
    return dataclasses.replace(few, network=make).build()


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet"])
def test_the_registered_networks_have_one(few, name):
    task = dataclasses.replace(few, network=name)
    network = task.build().train()
    layer = last_linear(task, network)
    assert layer.out_features == 10 and network.training
    assert not any(m._forward_hooks for m in network.modules())


def test_a_linear_network_is_its_own_last_layer(few):
    make = lambda shape, k: nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), k))  # noqa: E731
    assert last_linear(dataclasses.replace(few, network=make), network_of(few, make)).in_features == 64


@pytest.mark.parametrize(
    "make",
    [
        lambda shape, k: Scaled(64, k),
        lambda shape, k: nn.Sequential(nn.Flatten(), nn.Linear(64, k, bias=False)),
        lambda shape, k: nn.Sequential(nn.Flatten(), nn.Linear(64, k), nn.Tanh()),
        lambda shape, k: nn.Sequential(nn.Conv2d(1, k, 8), nn.Flatten()),
    ],
    ids=["scaled", "no bias", "activation after it", "no linear layer"],
)
def test_others_are_refused(few, make):
    torch.manual_seed(0)
    task = dataclasses.replace(few, network=make)
    with pytest.raises(UsageError, match="linear layer"):
        last_linear(task, task.build())
