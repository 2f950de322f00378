import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.geometric_complexity import GeometricComplexity, projected_steepness, signs, steepness

DOUBLE = torch.float64


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 15), nn.Tanh(), nn.Linear(15, 4)).double()


def examples(n: int = 7, seed: int = 1) -> torch.Tensor:
    return torch.randn(n, 2, 3, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed)).requires_grad_(True)


def slow(f, inputs, scale):
    """Each example's Jacobian by autograd, squared and summed."""
    return torch.stack([
        (torch.autograd.functional.jacobian(lambda x: f(x[None])[0], one.detach()) * scale).square().sum()
        for one in inputs
    ])  # fmt: skip


@pytest.mark.parametrize("scale", [1.0, torch.tensor([[1.0, 0.0, 2.0], [3.0, 1.0, 0.5]], dtype=DOUBLE)])
def test_it_is_the_jacobians_squared_norm(scale):
    f, x = network(), examples()
    assert torch.allclose(steepness(f(x), x, scale), slow(f, x, scale), rtol=1e-12)


def test_of_a_linear_map_it_is_the_matrix_everywhere():
    layer, x = nn.Linear(5, 3).double(), torch.randn(9, 5, dtype=DOUBLE, requires_grad=True)
    assert torch.allclose(steepness(layer(x), x), layer.weight.square().sum().expand(9), rtol=1e-14)


def test_all_signs_together_are_exact_and_few_of_them_unbiased():
    """The mean over every sign vector is the expectation itself."""
    f, x = network(), examples()
    every = torch.tensor([[1 - 2 * (k >> bit & 1) for bit in range(4)] for k in range(16)], dtype=DOUBLE)
    exact = slow(f, x, 1.0)
    assert torch.allclose(projected_steepness(f(x), x, every[:, None].expand(16, 7, 4)), exact, rtol=1e-12)
    logits, drawn = f(x), torch.Generator().manual_seed(0)
    few = torch.stack(
        [projected_steepness(logits, x, signs(2, 7, 4, like=logits, generator=drawn)) for _ in range(800)]
    )
    error = few.std(0) / np.sqrt(800)
    assert ((few.mean(0) - exact).abs() < 4 * error).all() and (error > 0).all()


def test_its_gradient_in_the_parameters_is_that_of_finite_differences():
    f, x = network(), examples(3)
    weight = f[1].weight
    (found,) = torch.autograd.grad(steepness(f(x), x).mean(), weight)
    for place in ((0, 0), (7, 3), (14, 5)):
        values = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                weight[place] += step
            values.append(float(steepness(f(x), x).mean().detach()))
            with torch.no_grad():
                weight[place] -= step
        assert float(found[place]) == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-6)


def test_without_gradients_no_graph_is_kept():
    f, x = network(), examples()
    logits = f(x)
    with torch.no_grad():
        assert not steepness(logits, x).requires_grad
    assert steepness(logits, x).requires_grad


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(GeometricComplexity(0))) == plain != weights(fitted(GeometricComplexity(0.01)))


def test_more_of_it_makes_the_network_less_steep(fitted, few):
    x = few.tensors(few.train, np.arange(100))[0].requires_grad_(True)
    steep = []
    for strength in (0.0, 0.003, 0.03):
        f = fitted(GeometricComplexity(strength), epochs=10).network.eval()
        steep.append(float(steepness(f(x), x).mean().detach()))
    assert steep[0] > steep[1] > steep[2] and steep[0] > 2 * steep[2]


@pytest.mark.parametrize("values", [{"strength": -1.0}, {"draws": 0}])
def test_what_makes_no_penalty_is_refused(values):
    with pytest.raises(UsageError, match="out of range"):
        GeometricComplexity(**values)
