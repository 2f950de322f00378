"""Influence on a convex head: against autograd's Hessian, and against really leaving examples out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.scores.gradients.hessian import fit_head, hessian, with_one


@pytest.fixture(scope="module")
def data(digits):
    x = torch.from_numpy(digits.train.inputs[:300].reshape(300, -1).astype(np.float64) / 16)
    return x, torch.from_numpy(digits.train.targets[:300].copy())


@pytest.fixture(scope="module")
def head(data):
    return fit_head(*data, classes=10, decay=1e-2)


def test_the_hessian_is_that_of_autograd():
    random = torch.Generator().manual_seed(0)
    x = with_one(torch.randn(12, 3, dtype=torch.float64, generator=random))
    y, w = torch.arange(12) % 4, torch.randn(4, 4, dtype=torch.float64, generator=random)

    def objective(v):
        return F.cross_entropy(x @ v.view(4, 4).mT, y) + 0.05 * v.square().sum()

    true = torch.autograd.functional.hessian(objective, w.flatten())
    torch.testing.assert_close(hessian(x, (x @ w.mT).softmax(1), 0.1), true, rtol=1e-9, atol=1e-12)


def test_the_minimum_is_that_of_scikit_learn(data, head):
    x, y = data
    made = LogisticRegression(C=1 / (len(x) * 1e-2), tol=1e-10, max_iter=5000, fit_intercept=False)
    ones = with_one(x).numpy()  # our bias is decayed like the rest
    ours = (head.features @ head.weight.mT).softmax(1)
    np.testing.assert_allclose(made.fit(ones, y.numpy()).predict_proba(ones), ours.numpy(), atol=1e-5)
    gradient = head.gradients(x, y).mean(0) + 1e-2 * head.weight.flatten()
    assert gradient.abs().max() < 1e-9


def test_it_predicts_what_leaving_out_does(data, head):
    """The real thing: each of 60 examples left out, the head fitted anew; its own loss and that of 20 others."""
    x, y = data
    tested = slice(280, 300)
    before = F.cross_entropy(with_one(x) @ head.weight.mT, y, reduction="none")
    own, others = [], []
    for i in range(60):
        kept = torch.arange(len(x)) != i
        # n - 1 examples with the decay of n: the objective without this example's term
        left = fit_head(x[kept], y[kept], 10, 1e-2 * len(x) / (len(x) - 1))
        after = F.cross_entropy(with_one(x) @ left.weight.mT, y, reduction="none")
        own.append(float(after[i] - before[i]))
        others.append((after - before)[tested])
    rank = spearmanr(own, head.self_influence()[:60]).statistic
    assert rank >= 0.99
    predicted = head.influence(x[tested], y[tested])[:60]
    assert spearmanr(torch.stack(others).flatten(), predicted.flatten()).statistic >= 0.99
    torch.testing.assert_close(head.influence(x, y).diagonal(), head.self_influence(), rtol=1e-9, atol=0)


def test_what_has_no_inverse_is_refused(data):
    with pytest.raises(UsageError, match="infinity"):
        fit_head(*data, classes=10, decay=0.0)
    with pytest.raises(UsageError, match="too large"):
        fit_head(torch.zeros(2, 9000), torch.tensor([0, 1]), 2, 0.1)
