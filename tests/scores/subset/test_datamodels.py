"""Datamodels against regression written out, against influences that are known, and against noise."""

from __future__ import annotations

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.subsets import masks
from byheart.scores.subset.datamodels import STRENGTHS, lasso, ridge


def linear(models: int, n: int, m: int = 8, noise: float = 1.0, seed: int = 0):
    """Masks, margins that are truly linear in them, and the influences (n, m)."""
    random = np.random.default_rng(seed)
    member, true = masks(n, models, seed, 0.5), random.normal(size=(n, m))
    return member, 3 + member @ true + noise * random.normal(size=(models, m)), true


def slow_ridge(member, y, alpha):
    """Influences, errors of leaving out one model and posterior variances, one after the other."""
    x = member.astype(float)

    def fit(x, y):
        a = x - x.mean(0)
        w = np.linalg.solve(a.T @ a + alpha * np.eye(x.shape[1]), a.T @ (y - y.mean()))
        return w, y.mean() - x.mean(0) @ w

    left = []
    for k in range(len(x)):
        kept = np.arange(len(x)) != k
        w, bias = fit(x[kept], y[kept])
        left.append(y[k] - x[k] @ w - bias)
    a = x - x.mean(0)
    inverse = np.linalg.inv(a.T @ a + alpha * np.eye(x.shape[1]))
    return *fit(x, y), np.array(left), inverse.diagonal()


def test_ridge_equals_the_equations_written_out():
    member, y, _ = linear(models=30, n=12, m=3)
    found = ridge(member, y)
    for j in range(3):
        w, bias, left, diagonal = slow_ridge(member, y[:, j], found.penalty[j])
        np.testing.assert_allclose(found.influence.value[:, j], w, rtol=1e-8, atol=1e-10)
        assert found.bias[j] == pytest.approx(bias)
        centred, a = y[:, j] - y[:, j].mean(), member - member.mean(0)
        noise = centred @ np.linalg.inv(a @ a.T / found.penalty[j] + np.eye(30)) @ centred / 29
        np.testing.assert_allclose(found.influence.se[:, j], np.sqrt(diagonal * noise), rtol=1e-7)
        alone = [y[k, j] - np.delete(y[:, j], k).mean() for k in range(30)]
        assert found.explained[j] == pytest.approx(1 - np.square(left).mean() / np.square(alone).mean())


def test_the_penalty_is_the_one_that_predicts_a_left_out_model_best():
    member, y, _ = linear(models=30, n=40, m=2, noise=3.0)
    found, x = ridge(member, y), member - member.mean(0)
    tried = STRENGTHS * np.trace(x @ x.T) / 29
    for j in range(2):
        errors = [np.square(slow_ridge(member, y[:, j], alpha)[2]).mean() for alpha in tried]
        assert found.penalty[j] == pytest.approx(tried[int(np.argmin(errors))])


@pytest.mark.parametrize("models", [100, 600])
def test_intervals_hold_what_they_promise(models):
    """Normal influences, fewer and more models than examples; truth counts around its mean, as masks of one size do."""
    member, y, true = linear(models, n=200, m=20, noise=2.0)
    found = ridge(member, y).influence
    true = true - true.mean(0)
    inside = (found.low <= true) & (true <= found.high)
    assert 0.93 < inside.mean() < 0.97
    assert found.se.mean() < true.std() * 1.05
    if models == 600:
        assert np.corrcoef(found.value.ravel(), true.ravel())[0, 1] > 0.9


def test_lasso_finds_the_few_that_count():
    random = np.random.default_rng(1)
    member = masks(60, 150, 0, 0.5)
    y = np.stack([4.0 * member[:, 3] - 3.0 * member[:, 7], 5.0 * member[:, 20] + 0 * member[:, 1]], 1)
    found = lasso(member, y + 0.5 * random.normal(size=y.shape))
    value = found.influence.value
    assert set(np.argsort(-np.abs(value[:, 0]))[:2]) == {3, 7} and value[3, 0] > 3 and value[7, 0] < -2
    assert np.argmax(value[:, 1]) == 20 and (value == 0).mean() > 0.4
    assert (found.explained > 0.7).all()
    assert found.influence.low[3, 0] > 2.5 and found.influence.high[7, 0] < -1.5


@pytest.mark.parametrize(("models", "few"), [(100, 10), (100, 200), (600, 10), (600, 200)])
def test_intervals_of_the_lasso_hold_what_they_promise(models, few):
    """Few influences and all, fewer and more models than examples; masks of one size leave a constant open."""
    member, _, true = linear(models, n=200, m=20)
    true[few:] = 0.0
    y = 3 + member @ true + 2 * np.random.default_rng(1).normal(size=(models, 20))
    found = lasso(member, y).influence
    known = np.isfinite(found.se[0])  # of some, no degree of freedom is left
    assert known.mean() > 0.4
    true = true - true.mean(0) + ((found.low + found.high) / 2).mean(0)
    inside = ((found.low <= true) & (true <= found.high))[:, known]
    assert (0.88 if models < few else 0.93) < inside.mean() < 0.97
    if few == 10:
        assert 0.9 < inside[:few].mean() < 0.99


def test_lasso_is_at_its_minimum():
    """The subgradient of 1/(2 models) ||y - bias - X w||^2 + penalty |w|."""
    member, y, _ = linear(models=40, n=15, m=1)
    found = lasso(member, y)
    w, x = found.influence.value[:, 0], member.astype(float)
    slope = x.T @ (y[:, 0] - found.bias[0] - x @ w) / 40
    np.testing.assert_allclose(slope[w != 0], found.penalty[0] * np.sign(w[w != 0]), atol=1e-2 * found.penalty[0])
    assert (np.abs(slope[w == 0]) <= found.penalty[0] * 1.01).all()


def test_noise_is_told_from_influence():
    member, random = masks(100, 60, 0, 0.5), np.random.default_rng(0)
    found = ridge(member, random.normal(size=(60, 30)))
    assert np.median(found.explained) < 0.05
    assert ((found.influence.low > 0) | (found.influence.high < 0)).mean() < 0.05


def test_order_of_models_and_examples_changes_nothing():
    member, y, _ = linear(models=30, n=40, m=2)
    models, examples = np.random.default_rng(0).permutation(30), np.random.default_rng(1).permutation(40)
    found, again = ridge(member, y).influence, ridge(member[models][:, examples], y[models]).influence
    np.testing.assert_allclose(again.value, found.value[examples], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(again.se, found.se[examples], rtol=1e-8)


def test_predictions_are_what_the_influences_add_up_to():
    member, y, _ = linear(models=200, n=20, m=2, noise=0.1)
    new, outcome, _ = linear(models=50, n=20, m=2, noise=0.1)
    found = ridge(member, y).predicted(new)
    assert np.corrcoef(found[:, 0], outcome[:, 0])[0, 1] > 0.99


def test_what_was_in_every_model_has_no_influence():
    member, y, _ = linear(models=30, n=12, m=2)
    member[:, 4] = True
    for fit in (ridge, lasso):
        found = fit(member, y)
        assert np.isnan(found.influence.value[4]).all()
        assert np.isfinite(np.delete(found.influence.value, 4, 0)).all() and np.isfinite(found.predicted(member)).all()


def test_outcomes_that_are_no_numbers_are_refused():
    member, y, _ = linear(models=30, n=12, m=2)
    with pytest.raises(UsageError, match="no numbers"):
        ridge(member, np.full_like(y, np.nan))
    with pytest.raises(UsageError, match="3 subset models"):
        ridge(member[:3], y[:3])
