import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import DataError, UsageError
from byheart.methods.generalized_cross_entropy import GeneralizedCrossEntropy, generalized_cross_entropy

LOGITS = 2 * torch.randn(9, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
TARGETS = torch.arange(9) % 4


@pytest.mark.parametrize("q", [0.1, 0.7, 1.0])
def test_it_is_its_formula(q):
    p = LOGITS.softmax(1)[torch.arange(9), TARGETS]
    assert torch.allclose(generalized_cross_entropy(LOGITS, TARGETS, q), (1 - p**q) / q)


def test_cross_entropy_is_its_limit():
    plain = F.cross_entropy(LOGITS, TARGETS, reduction="none")
    assert torch.equal(generalized_cross_entropy(LOGITS, TARGETS, 0), plain)
    for q in (1e-2, 1e-4, 1e-8):
        below = plain - generalized_cross_entropy(LOGITS, TARGETS, q)
        assert (below > 0).all() and (below <= q * plain.square() / 2 + 1e-12).all()  # the next term of exp(-q loss)


def test_one_is_half_the_absolute_error():
    absolute = (LOGITS.softmax(1) - F.one_hot(TARGETS, 4)).abs().sum(1)
    assert torch.allclose(generalized_cross_entropy(LOGITS, TARGETS, 1), absolute / 2)


def test_a_hopeless_label_pulls_less_than_under_cross_entropy():
    hopeless = torch.tensor([[8.0, 0.0]], requires_grad=True)
    (found,) = torch.autograd.grad(generalized_cross_entropy(hopeless, torch.tensor([1]), 0.7).sum(), hopeless)
    assert found.abs().max() < 0.01


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(GeneralizedCrossEntropy(0))) == plain != weights(fitted(GeneralizedCrossEntropy(0.7)))


def test_regression_is_refused(few, fitted):
    from byheart.data.examples import Examples
    from byheart.data.task import Task

    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    part = Examples(x, x[:, 0])
    with pytest.raises(DataError, match="regression"):
        fitted("generalized_cross_entropy", task=Task(part, part, recipe=dataclasses.replace(few.recipe, epochs=1)))


@pytest.mark.parametrize("q", [-0.1, 1.1])
def test_exponents_outside_0_to_1_are_refused(q):
    with pytest.raises(UsageError, match="out of range"):
        GeneralizedCrossEntropy(q)
