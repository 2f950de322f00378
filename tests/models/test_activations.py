import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.base.registry import every, find
from byheart.models.activations import activation

NAMES = ("elu", "gelu", "identity", "leaky_relu", "prelu", "relu", "sigmoid", "silu", "softmax", "tanh")
RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, 6), "softmax": (0, 1), "elu": (-1, 6), "silu": (-0.279, 6)}
x = torch.linspace(-6, 6, 240).reshape(20, 12)


def test_all_are_there():
    assert tuple(every("activation")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_equals_torchs_function(name):
    functions = {
        "identity": lambda x: x,
        "prelu": lambda x: F.prelu(x, torch.tensor([0.25])),
        "softmax": lambda x: x.softmax(1),
    }
    expected = functions.get(name) or getattr(torch, name, None) or getattr(F, name)
    assert torch.allclose(activation(name)()(x), expected(x))


@pytest.mark.parametrize("name", RANGES)
def test_stays_in_its_range(name):
    low, high = RANGES[name]
    y = activation(name)()(x)
    assert low <= y.min() < y.max() <= high


def test_softmax_of_pictures_sums_to_one_over_channels():
    assert torch.allclose(activation("softmax")()(torch.randn(2, 3, 4, 4)).sum(1), torch.ones(2, 4, 4))


def test_parameters_are_not_shared():
    assert find("activation", "prelu")() is not find("activation", "prelu")()


def test_a_near_name_is_offered():
    with pytest.raises(UsageError, match="leaky_relu"):
        activation("leakyrelu")
