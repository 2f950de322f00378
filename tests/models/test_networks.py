"""What holds for every network that is registered."""

from inspect import signature

import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.base.registry import every, find

NETWORKS = tuple(every("network"))
ACTIVATIONS = tuple(every("activation"))


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 13), (1, 28, 28)])
def test_gives_one_row_of_outputs_per_image(name, shape):
    network = find("network", name)(shape, 7)
    assert network(torch.randn(5, *shape)).shape == (5, 7)


@pytest.mark.parametrize("name", NETWORKS)
def test_ends_with_a_linear_layer_that_gives_the_outputs(name):
    last = list(find("network", name)((1, 8, 8), 3).modules())[-1]
    assert isinstance(last, nn.Linear)
    assert last.out_features == 3


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_gets_a_gradient(name):
    network = find("network", name)((3, 8, 8), 4)
    network(torch.randn(6, 3, 8, 8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_decides_the_weights(name):
    def build(seed):
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in find("network", name)((1, 8, 8), 3).parameters()])

    assert torch.equal(build(1), build(1))
    assert not torch.equal(build(1), build(2))


@pytest.mark.parametrize("name", [n for n in NETWORKS if "activation" in signature(find("network", n)).parameters])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_takes_every_activation(name, activation):
    y = find("network", name)((1, 8, 8), 3, activation=activation)(torch.randn(4, 1, 8, 8))
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_no_outputs_are_refused(name):
    with pytest.raises(UsageError, match="outputs=0"):
        find("network", name)((1, 8, 8), 0)


@pytest.mark.parametrize("name", [n for n in NETWORKS if n not in ("mlp", "rnn", "lstm", "linear")])
@pytest.mark.parametrize("shape", [(30,), (1, 2, 28), (5, 7)])
def test_what_is_no_image_is_refused_with_the_way_out(name, shape):
    with pytest.raises(UsageError, match="mlp"):
        find("network", name)(shape, 3)


@pytest.mark.parametrize(
    ("name", "count"), [("cnn", 93_234), ("resnet", 77_562), ("resnet20", 271_994), ("mlp", 118_282), ("linear", 7_840)]
)
def test_size_at_28_pixels(name, count):
    assert parameters(find("network", name)((1, 28, 28), 10)) == count
