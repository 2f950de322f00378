import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.gradient_clipping import ClipNorm, ClipValue, bounded_norm, bounded_values


def some(scale):
    torch.manual_seed(0)
    return [scale * torch.randn(3, 4), scale * torch.randn(5)]


@pytest.mark.parametrize("scale", [0.01, 10.0])
def test_the_norm_is_bounded_as_torch_does_it(scale):
    parameters = [nn.Parameter(g.clone()) for g in some(scale)]
    for p, g in zip(parameters, some(scale), strict=True):
        p.grad = g
    nn.utils.clip_grad_norm_(parameters, 0.5)
    for found, p in zip(bounded_norm(some(scale), 0.5), parameters, strict=True):
        assert torch.allclose(found, p.grad, rtol=1e-4)  # torch divides by the norm + 1e-6


def test_a_gradient_of_zero_stays():
    assert all((g == 0).all() for g in bounded_norm([torch.zeros(3)], 1.0))


def test_values_are_cut():
    assert bounded_values([torch.tensor([-2.0, 0.05, 0.3])], 0.1)[0].tolist() == pytest.approx([-0.1, 0.05, 0.1])


@pytest.mark.parametrize("kind", [ClipNorm, ClipValue])
def test_none_is_plain_training(kind, fitted, weights, plain):
    assert weights(fitted(kind(0))) == plain != weights(fitted(kind(0.01)))


def test_the_norm_event_is_the_recipes_clip(fitted):
    ours, recipes = fitted(ClipNorm(0.2), clip=0.0), fitted(clip=0.2)
    for p, q in zip(ours.network.parameters(), recipes.network.parameters(), strict=True):
        assert torch.allclose(p, q, atol=1e-5)


def test_the_smaller_of_the_two_bounds_holds(fitted, weights):
    assert weights(fitted(ClipNorm(50.0))) == weights(fitted())
    both, smaller = fitted(ClipNorm(0.1), clip=0.2), fitted(clip=0.1)
    for p, q in zip(both.network.parameters(), smaller.network.parameters(), strict=True):
        assert torch.allclose(p, q, atol=1e-5)


@pytest.mark.parametrize("kind", [ClipNorm, ClipValue])
def test_a_negative_bound_is_refused(kind):
    with pytest.raises(UsageError, match="out of range"):
        kind(-1.0)
