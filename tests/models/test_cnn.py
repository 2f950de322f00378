import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.models.cnn import cnn


def test_equals_the_formula():
    network = cnn((1, 4, 4), 3, channels=(2,), hidden=5, activation="tanh")
    convolution, _, _, _, first, _, last = network
    x = torch.randn(6, 1, 4, 4)
    pooled = F.max_pool2d(torch.tanh(F.conv2d(x, convolution.weight, convolution.bias, padding=1)), 2).flatten(1)
    hidden = torch.tanh(pooled @ first.weight.T + first.bias)
    assert torch.allclose(network(x), hidden @ last.weight.T + last.bias, atol=1e-6)


def test_depth_decides_the_smallest_picture():
    assert cnn((1, 4, 4), 3)(torch.randn(2, 1, 4, 4)).shape == (2, 3)
    with pytest.raises(UsageError, match="8 x 8"):
        cnn((1, 4, 4), 3, channels=(4, 8, 16))
