"""Against what calculus says of each function."""

from math import inf

import numpy as np
import pytest
import torch
from scipy.special import erf, expit
from torch import nn

from byheart.base.registry import every, find
from byheart.models.activation_properties import properties, values

X = np.linspace(-2, 0, 1_000_001)
LOWEST = {"gelu": (X * (1 + erf(X / 2**0.5)) / 2).min(), "silu": (X * expit(X)).min()}
EXPECTED = {  # low, high, monotone, continuous derivatives of the first two
    "elu": (-1, inf, True, 1),
    "gelu": (LOWEST["gelu"], inf, False, 2),
    "identity": (-inf, inf, True, 2),
    "leaky_relu": (-inf, inf, True, 0),
    "prelu": (-inf, inf, True, 0),
    "relu": (0, inf, True, 0),
    "sigmoid": (0, 1, True, 2),
    "silu": (LOWEST["silu"], inf, False, 2),
    "softmax": (0, 1, True, 2),
    "tanh": (-1, 1, True, 2),
}


@pytest.mark.parametrize("name", every("activation"))
def test_every_activation_is_as_calculus_has_it(name):
    found = properties(find("activation", name)())
    low, high, monotone, derivatives = EXPECTED[name]
    assert found.low == pytest.approx(low, abs=1e-7)
    assert found.high == pytest.approx(high, abs=1e-7)
    assert (found.monotone, found.derivatives) == (monotone, derivatives)


class Step(nn.Module):
    def forward(self, x):
        return (x > 0.123).to(x.dtype)


class Falling(nn.Module):
    def forward(self, x):
        return -x


class Cosine(nn.Module):
    def forward(self, x):
        return torch.cos(x)


class BentOffTheGrid(nn.Module):
    def forward(self, x):
        return (x - 0.12345).abs()


def test_of_what_is_no_activation():
    step, falling, cosine, bent = (properties(one()) for one in (Step, Falling, Cosine, BentOffTheGrid))
    assert (step.low, step.high, step.derivatives) == (0, 1, -1)
    assert (falling.low, falling.high, falling.monotone, falling.derivatives) == (-inf, inf, False, 2)
    assert (cosine.monotone, cosine.derivatives) == (False, 2)
    assert cosine.high == pytest.approx(1) == -cosine.low
    assert (bent.high, bent.derivatives) == (inf, 0)


def test_the_smallest_slope_is_that_of_the_derivative():
    x = torch.linspace(-10, 10, 20_001, dtype=torch.float64, requires_grad=True)
    nn.functional.silu(x).sum().backward()
    assert x.grad is not None
    assert properties(nn.SiLU()).slope == pytest.approx(float(x.grad.min()), abs=1e-6)
    assert properties(nn.Identity()).slope == pytest.approx(1)
    assert properties(nn.ReLU()).slope == 0


def test_values_are_those_of_the_first_of_two_features():
    assert np.allclose(values(nn.Softmax(1), np.array([-1.0, 3.0])), expit([-1.0, 3.0]))
    assert np.allclose(values(nn.PReLU(), np.array([-1.0, 3.0])), [-0.25, 3.0])
