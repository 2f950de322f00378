import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.methods.l1 import L1, L1Proximal, soft_threshold

numbers = st.floats(-3, 3, width=32)


@given(numbers, st.floats(0, 2, width=32))
def test_soft_thresholding_solves_its_problem(w, threshold):
    grid = np.linspace(-4, 4, 8001)
    best = grid[((grid - w) ** 2 / 2 + threshold * abs(grid)).argmin()]
    assert float(soft_threshold(torch.tensor([w]), threshold)) == pytest.approx(best, abs=1e-3)


def test_zeros_are_exact():
    w = torch.tensor([0.3, -0.3, 0.30001, -1.0, 0.0])
    assert soft_threshold(w, 0.3)[[0, 1, 4]].tolist() == [0, 0, 0]
    assert torch.allclose(soft_threshold(w, 0.3)[[2, 3]], torch.tensor([1e-5, -0.7]), atol=1e-6)


@pytest.mark.parametrize("kind", [L1, L1Proximal])
def test_none_is_plain_training(kind, fitted, weights, plain):
    assert weights(fitted(kind(0))) == plain != weights(fitted(kind(1e-3)))


def zeros(state):
    return float(torch.cat([p.flatten() == 0 for p in state.network.parameters()]).float().mean())


def test_the_proximal_step_makes_zeros_and_the_penalty_does_not(fitted):
    penalized, proximal = fitted(L1(0.02)), fitted(L1Proximal(0.02))
    assert zeros(proximal) > 0.3 and zeros(penalized) < 0.01
    sizes = [sum(float(p.abs().sum().detach()) for p in s.network.parameters()) for s in (fitted(), penalized)]
    assert sizes[1] < 0.8 * sizes[0]


def test_one_step_of_each_by_hand(fitted):
    """Full batch, one epoch, no momentum: w - lr (g + strength sign w), and the threshold of w - lr g."""
    once = {"epochs": 1, "batch": 200, "momentum": 0.0, "clip": 0.0, "lr": 0.1}
    plain, penalized, proximal = (fitted(*m, **once) for m in ((), (L1(0.01),), (L1Proximal(0.01),)))
    from byheart.runs.loop import begin

    start = begin(plain.task, plain.rows, 0).network
    for first, p, q, r in zip(*(n.parameters() for n in (start, plain.network, penalized.network, proximal.network)),
                              strict=True):  # fmt: skip
        assert torch.allclose(q, p - 0.1 * 0.01 * first.sign(), atol=1e-6)
        assert torch.equal(r, soft_threshold(p, 0.1 * 0.01))


@pytest.mark.parametrize("kind", [L1, L1Proximal])
def test_a_negative_strength_is_refused(kind):
    with pytest.raises(UsageError, match="out of range"):
        kind(-1.0)
