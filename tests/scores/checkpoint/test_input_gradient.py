from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.input_gradient import input_gradient, loss_sensitivity


def given(case) -> tuple:
    return case.network, case.inputs, case.targets, case.loss_of, case.deviations


def test_it_is_the_sum_of_differences_in_each_input_value(smooth):
    step, total = 1e-6, torch.zeros(12, dtype=torch.float64)
    for d in range(5):
        moved = torch.zeros(5, dtype=torch.float64)
        moved[d] = step * smooth.deviations[d]
        up, down = (smooth.loss_of(smooth.network(smooth.inputs + s * moved), smooth.targets) for s in (1, -1))
        total += ((up - down) / (2 * step)).abs()
    np.testing.assert_allclose(input_gradient(*given(smooth)), total, rtol=1e-7)


def test_softmax_regression_by_hand():
    line = nn.Linear(4, 3).double().requires_grad_(False)
    x, y = torch.randn(6, 4, dtype=torch.float64), torch.arange(6) % 3
    errors = line(x).softmax(1) - torch.eye(3)[y]
    found = input_gradient(
        line, x, y, lambda z, t: nn.functional.cross_entropy(z, t, reduction="none"), torch.full((4,), 2.0).double()
    )
    np.testing.assert_allclose(found, 2 * (errors @ line.weight).abs().sum(1), rtol=1e-12)


def test_images_have_one_deviation_a_channel():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 1)).double()
    x, y = torch.randn(5, 2, 4, 4, dtype=torch.float64), torch.randn(5, dtype=torch.float64)
    squared = lambda z, t: (z.squeeze(-1) - t).square()  # noqa: E731
    channel = torch.tensor([0.5, 3.0], dtype=torch.float64)[:, None, None]
    whole = input_gradient(network, x, y, squared, channel.expand(2, 4, 4))
    np.testing.assert_allclose(input_gradient(network, x, y, squared, channel), whole, rtol=1e-12)


def test_a_value_is_its_example_s_alone(smooth):
    whole = input_gradient(*given(smooth))
    for rows in (torch.arange(11, -1, -1), torch.tensor([4]), torch.arange(2, 9)):
        part = (smooth.network, smooth.inputs[rows], smooth.targets[rows], smooth.loss_of, smooth.deviations)
        np.testing.assert_allclose(input_gradient(*part), whole[rows], rtol=1e-12)


def test_over_training_it_is_the_mean_of_the_checkpoints(smooth):
    other = copy.deepcopy(smooth.network)
    other[2].weight *= 3
    kept = [(0.1, smooth.network), (0.05, other), (0.0, other)]
    one, two = input_gradient(*given(smooth)), input_gradient(other, *given(smooth)[1:])
    found = loss_sensitivity(smooth.network, kept, *given(smooth)[1:])
    np.testing.assert_allclose(found, (one + 2 * two) / 3, rtol=1e-12)


def test_words_have_no_input_gradient(smooth, words):
    tokens = torch.randint(0, 20, (12, 5)).double()
    with pytest.raises(NotApplicable, match="looked up"):
        input_gradient(words, tokens, smooth.targets, smooth.loss_of, smooth.deviations)
