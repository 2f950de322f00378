from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable, UsageError
from byheart.methods.geometric_complexity import signs
from byheart.scores.checkpoint.curvature import curvature, mean_curvature, squared_curvature


def hessians(case) -> torch.Tensor:
    """D H_i D (n, d, d), exactly."""

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return case.loss_of(case.network(x[None]), y[None])[0]

    pairs = zip(case.inputs, case.targets, strict=True)
    found = [torch.autograd.functional.hessian(lambda x, y=y: loss(x, y), x) for x, y in pairs]
    return case.deviations[:, None] * torch.stack(found) * case.deviations  # type: ignore[arg-type]


def given(case) -> tuple:
    return case.network, case.inputs, case.targets, case.loss_of, case.deviations


def test_its_ten_directions_are_those_of_the_exact_hessian(smooth):
    generator = torch.Generator().manual_seed(0)
    v = torch.stack([signs(5, like=smooth.inputs, generator=generator) for _ in range(10)])
    exact = torch.einsum("nij,kj->kni", hessians(smooth), v).square().sum(2).mean(0)
    np.testing.assert_allclose(curvature(*given(smooth)), exact, rtol=0.02)
    np.testing.assert_allclose(squared_curvature(*given(smooth), step=1e-6), exact, rtol=2e-5)


def test_many_directions_give_the_trace_of_the_squared_hessian(smooth):
    exact = hessians(smooth).square().sum((1, 2))
    found = squared_curvature(*given(smooth), draws=3000, step=1e-5)
    np.testing.assert_allclose(found, exact, rtol=0.06)  # a mean of 3,000 has errors of about 2%


def test_the_loss_of_a_line_by_hand():
    line = nn.Linear(3, 1, bias=False).double().requires_grad_(False)
    w, d = line.weight[0], torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    x, y = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    found = curvature(line, x, y, lambda z, t: (z.squeeze(-1) - t).square(), d)
    generator = torch.Generator().manual_seed(0)
    along = [float((w * d * signs(3, like=x, generator=generator)).sum()) ** 2 for _ in range(10)]
    expected = 4 * float((w * d).square().sum()) * np.mean(along)  # H = 2 w w', for every example
    np.testing.assert_allclose(found, np.full(4, expected), rtol=1e-8)


def test_the_unit_of_an_input_does_not_matter(smooth):
    before = curvature(*given(smooth))
    units = torch.tensor([10.0, 0.1, 3.0, 1.0, 7.0], dtype=torch.float64)
    smooth.network[0].weight /= units
    smooth.inputs, smooth.deviations = smooth.inputs * units, smooth.deviations * units
    np.testing.assert_allclose(curvature(*given(smooth)), before, rtol=1e-6)


def test_a_value_is_its_example_s_alone(smooth):
    whole = curvature(*given(smooth))
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    for rows in (order, torch.tensor([7]), torch.arange(3, 8)):
        smooth_part = (smooth.network, smooth.inputs[rows], smooth.targets[rows], smooth.loss_of, smooth.deviations)
        np.testing.assert_allclose(curvature(*smooth_part), whole[rows], rtol=1e-8)


def test_over_training_it_is_the_mean_of_the_checkpoints(smooth):
    other = copy.deepcopy(smooth.network)
    other[0].weight *= 2
    one, two = curvature(*given(smooth)), curvature(other, *given(smooth)[1:])
    kept = [(0.1, smooth.network), (0.1, other)]
    found = mean_curvature(smooth.network, kept, *given(smooth)[1:])
    np.testing.assert_allclose(found, (one + two) / 2, rtol=1e-12)


def test_words_are_not_curved(smooth, words):
    tokens = torch.randint(0, 20, (12, 5)).double()
    with pytest.raises(NotApplicable, match="looked up"):
        curvature(words, tokens, smooth.targets, smooth.loss_of, smooth.deviations)


@pytest.mark.parametrize("bad", [{"draws": 0}, {"step": 0.0}, {"step": float("nan")}])
def test_no_draws_and_no_step_are_refused(smooth, bad):
    with pytest.raises(UsageError, match="measure nothing"):
        squared_curvature(*given(smooth), **bad)
