import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.methods.spectral import Spectral, matrices, power_iteration, spectral_norm
from byheart.models.cnn import cnn
from byheart.runs.loop import begin


def largest(weight):
    return float(torch.linalg.svdvals(weight.detach().flatten(1))[0])


@pytest.mark.parametrize("shape", [(3, 7), (9, 4), (1, 5)])
def test_power_iteration_finds_the_largest_singular_value(shape):
    torch.manual_seed(0)
    w = torch.randn(shape, dtype=torch.float64)
    v = power_iteration(w, F.normalize(torch.randn(shape[1], dtype=torch.float64), dim=0), 500)
    assert float(spectral_norm(w, v)) == pytest.approx(largest(w), rel=1e-9)


def test_it_never_exceeds_it():
    torch.manual_seed(0)
    for _ in range(20):
        w, v = torch.randn(6, 5), F.normalize(torch.randn(5), dim=0)
        assert float(spectral_norm(w, v)) <= largest(w) + 1e-5


def test_its_gradient_is_that_of_the_singular_value():
    torch.manual_seed(0)
    w = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        v = power_iteration(w, F.normalize(torch.ones(5, dtype=torch.float64), dim=0), 500)
    (found,) = torch.autograd.grad(spectral_norm(w, v), w)
    (expected,) = torch.autograd.grad(torch.linalg.svdvals(w)[0], w)
    assert torch.allclose(found, expected, atol=1e-8)


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(Spectral(0))) == plain != weights(fitted(Spectral(0.1)))


def test_it_keeps_up_with_the_weights_and_keeps_them_low(fitted):
    free, little, held = (fitted(*m, epochs=12) for m in ((), (Spectral(0.1),), (Spectral(0.3),)))
    for name, w in matrices(little.network).items():
        assert float(spectral_norm(w.detach(), little.own["spectral"][name])) == pytest.approx(largest(w), rel=0.05)
    norms = [sum(largest(w) ** 2 for w in matrices(s.network).values()) for s in (free, held)]
    assert norms[1] < 0.6 * norms[0]


def test_convolutions_are_matrices_of_their_kernels(few):
    task = dataclasses.replace(few, network=cnn)
    state = begin(task, np.arange(200), 0)
    Spectral(1.0).fit_start(state)
    shapes = [tuple(w.shape) for w in matrices(state.network).values()]
    assert shapes[:2] == [(16, 9), (32, 144)] and set(state.own["spectral"]) == set(matrices(state.network))
    for _ in range(100):
        state.penalty = 0.0
        Spectral(1.0).losses(state)
    expected = sum(largest(w) ** 2 for w in matrices(state.network).values()) / 2
    assert float(state.penalty.detach()) == pytest.approx(expected, rel=1e-3)


def test_a_negative_strength_is_refused():
    with pytest.raises(UsageError, match="out of range"):
        Spectral(-1.0)
