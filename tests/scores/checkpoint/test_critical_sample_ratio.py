import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.critical_sample_ratio import RADIUS, critical_sample

DOUBLE = torch.float64


def brute(network, x, ranges, points: int = 41):
    """Whether a fine grid over the box, its edges among it, holds another class; two inputs."""
    steps = torch.linspace(-1, 1, points, dtype=DOUBLE)
    grid = torch.cartesian_prod(steps, steps) * RADIUS * ranges
    own = network(x).argmax(1)
    return np.array([float((network(one + grid).argmax(1) != own[k]).any()) for k, one in enumerate(x)])


def test_it_finds_what_a_grid_over_the_box_finds():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 3)).double()
    network[0].weight.data *= 6  # bends within the range of the inputs
    network[2].bias.data *= 0
    x, ranges = 3 * torch.rand(400, 2, dtype=DOUBLE) - 1.5, torch.full((2,), 3.0, dtype=DOUBLE)
    found, truth = critical_sample(network=network, inputs=x, ranges=ranges), brute(network, x, ranges)
    assert truth.sum() >= 10 and found.sum() >= 0.8 * truth.sum()  # a search that finds nothing proves nothing
    assert not (found > brute(network, x, 1.001 * ranges)).any()  # and what it finds is there


def test_at_a_linear_boundary_it_is_the_distance():
    network = nn.Linear(2, 2, bias=False).double()
    network.weight.data = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=DOUBLE)  # the boundary is x_0 = 0
    x = torch.tensor([[0.5 * RADIUS, 3.0], [2 * RADIUS, 3.0], [-0.9 * RADIUS, 0.0]], dtype=DOUBLE)
    assert critical_sample(network=network, inputs=x, ranges=torch.ones(2, dtype=DOUBLE)).tolist() == [1, 0, 1]


def test_one_output_has_no_other_class():
    with pytest.raises(NotApplicable, match="other class"):
        critical_sample(network=nn.Linear(2, 1), inputs=torch.zeros(3, 2), ranges=torch.ones(2))
