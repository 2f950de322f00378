from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import roc_auc_score

from byheart.base.errors import UsageError
from byheart.privacy.roc import at_threshold, auc_by_ranks, exact, precision, roc, tpr_at


@st.composite
def attacks(draw):
    n = draw(st.integers(2, 40))
    member = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    member[:2] = [True, False]
    return np.array(draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)), float), member


@given(attacks())
def test_the_curve_is_that_of_counting(attack):
    scores, member = attack
    curve = roc(scores, member)
    for threshold, tp, fp in zip(curve.thresholds, curve.tp, curve.fp, strict=True):
        assert tp == (member & (scores > threshold)).sum() and fp == (~member & (scores > threshold)).sum()
    assert len(curve.tp) == len(np.unique(scores)) + 1 and (curve.tp[-1], curve.fp[-1]) == (curve.members, curve.others)
    assert curve.auc == pytest.approx(roc_auc_score(member, scores))
    assert auc_by_ranks(scores, member) == pytest.approx(curve.auc)


@given(attacks(), st.sampled_from([0.01, 0.1, 0.25, 0.5]))
def test_the_rate_is_the_best_that_is_allowed(attack, fpr):
    scores, member = attack
    found = tpr_at(roc(scores, member), fpr)
    allowed = [
        (member & (scores > t)).sum() for t in [np.inf, *np.unique(scores), -np.inf]
        if (~member & (scores > t)).sum() <= np.floor(fpr * (~member).sum())
    ]  # fmt: skip
    assert found.value == pytest.approx(max(allowed) / member.sum())
    assert at_threshold(scores, member, found.threshold) == pytest.approx((found.value, found.fpr))
    assert found.low <= found.value <= found.high and found.fpr <= fpr


def test_what_rests_on_few_false_alarms_is_not_resolvable():
    g = np.random.default_rng(0)
    member = np.arange(4000) < 2000
    curve = roc(g.normal(size=4000) + member, member)
    assert tpr_at(curve, 0.01).resolvable and not tpr_at(curve, 0.001).resolvable
    assert tpr_at(curve, 0.001).shown == "not resolvable, needs at least 10,000 non-members"
    assert "%" in tpr_at(curve, 0.01).shown


def test_all_scores_tied_say_nothing():
    curve = roc(np.zeros(100), np.arange(100) < 50)
    assert curve.auc == 0.5 and tpr_at(curve, 0.5).value == 0


def test_a_perfect_attack_with_infinite_scores():
    member = np.arange(10) < 5
    curve = roc(np.where(member, np.inf, -np.inf), member)
    assert curve.auc == 1 and tpr_at(curve, 0.2).value == 1


@pytest.mark.parametrize(("scores", "member"), [([1.0, 2.0], [True, True]), ([1.0, np.nan], [True, False])])
def test_what_makes_no_curve_is_refused(scores, member):
    with pytest.raises(UsageError):
        roc(np.array(scores), np.array(member))


@pytest.mark.parametrize("n", [20, 100])
def test_the_exact_interval_covers(n):
    for p in (0.001, 0.05, 0.3, 0.5, 0.99):
        hits = np.arange(n + 1)
        inside = np.array([low <= p <= high for low, high in (exact(int(k), n) for k in hits)])
        assert binom.pmf(hits, n, p)[inside].sum() >= 0.95 - 1e-12


def test_an_accused_at_a_prior():
    assert precision(0.5, 0.1, 0.5) == pytest.approx(5 / 6)
    assert precision(0.5, 0.1, 0.01) == pytest.approx(0.005 / (0.005 + 0.099))
    assert np.isnan(precision(0.0, 0.0, 0.5))
