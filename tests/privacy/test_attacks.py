"""Attacks against their formulas written out for one example at a time, and by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.stats import norm

from byheart.base.errors import UsageError
from byheart.privacy import lira, loss_attacks, rmia
from byheart.privacy.roc import roc
from byheart.privacy.signal import label_probability, scaled_logit

close = partial(pytest.approx, rel=1e-9, abs=1e-12)


@pytest.fixture
def shadows():
    """40 models, 300 examples: signals of members are 1.5 higher; examples differ in level and in spread."""
    g = np.random.default_rng(0)
    member = np.stack([g.permutation(np.arange(40) < 20) for _ in range(300)], 1)
    level, spread = g.normal(0, 3, 300), g.uniform(0.5, 2, 300)
    return level + 1.5 * member + spread * g.normal(size=(40, 300)), member


def test_the_signal_is_the_logit_of_the_probability():
    g = np.random.default_rng(1)
    z, y = g.normal(size=(50, 7)) * 3, g.integers(0, 7, 50)
    p = np.exp(z[np.arange(50), y]) / np.exp(z).sum(1)
    np.testing.assert_allclose(scaled_logit(z, y), np.log(p / (1 - p)), rtol=1e-9)
    np.testing.assert_allclose(label_probability(z, y), p, rtol=1e-12)
    half = np.exp(z[np.arange(50), y] / 2) / np.exp(z / 2).sum(1)
    np.testing.assert_allclose(label_probability(z, y, 2.0), half, rtol=1e-12)


def test_a_sure_answer_has_a_finite_signal():
    z = np.array([[1000.0, 0.0], [-1000.0, 0.0]], np.float32)
    assert scaled_logit(z, np.array([0, 0])).tolist() == [1000, -1000]


@pytest.mark.parametrize("variance", ["example", "pooled", "shrunk"])
def test_lira_written_out(shadows, variance):
    signals, member = shadows
    target, others, inside = signals[0], signals[1:], member[1:]
    found = lira.online(target, others, inside, variance)
    away = lira.offline(target, others, inside, variance)
    within = {
        s: sum(((others[m, i] - others[m, i].mean()) ** 2).sum() for i, m in enumerate((inside == s).T))
        / sum(m.sum() - 1 for m in (inside == s).T) for s in (True, False)
    }  # fmt: skip
    for i in range(0, 300, 17):
        parts = {}
        for s in (True, False):
            values = others[inside[:, i] == s, i]
            n, own = len(values), values.var(ddof=1)
            chosen = {"example": own, "pooled": within[s], "shrunk": (8 * within[s] + (n - 1) * own) / (8 + n - 1)}
            parts[s] = values.mean(), np.sqrt(chosen[variance])
        assert found[i] == close(norm.logpdf(target[i], *parts[True]) - norm.logpdf(target[i], *parts[False]))
        assert away[i] == close(norm.logcdf(target[i], *parts[False]))


@pytest.mark.parametrize("variance", ["example", "pooled", "shrunk"])
def test_lira_by_hand(variance):
    """Models with the example say 1 and 3: mean 2, variance 2; those without it -2 and 2: mean 0, variance 8; there is
    one example, so that all three variances are its own. The target says 2:

        log N(2; 2, 2) = -log(4 pi) / 2 - 0 = -1.265512123484645
        log N(2; 0, 8) = -log(16 pi) / 2 - 4 / 16 = -2.208659304044591
        the difference is log(4) / 2 + 1/4 = log 2 + 1/4 = .943147180559945

    Offline: 2 is 2 / sqrt(8) = .707106781 deviations above 0, and Phi(.707106781) = .760249938906523.
    """
    signals, member = np.array([[1.0], [3.0], [-2.0], [2.0]]), np.array([[True], [True], [False], [False]])
    assert lira.online(np.array([2.0]), signals, member, variance)[0] == close(0.943147180559945)
    assert np.exp(lira.offline(np.array([2.0]), signals, member, variance)[0]) == close(0.760249938906523)


def test_rmia_by_hand():
    """Models with x say .8 and .6, mean .7; those without it .2 and .4, mean .3: p(x) = (.7 + .3) / 2 = .5, and the
    target says .6: R(x) = .6 / .5 = 1.2. Offline with a = .5: p(x) = (1.5 * .3 + .5) / 2 = .475, R(x) = 24 / 19.

    The others have R(z) = .5, 1 and 1.5. Above gamma = 1 are 1.2 / .5 = 2.4 and 1.2 / 1, not 1.2 / 1.5: score 2/3;
    above gamma = 2 is 2.4 alone: 1/3.
    """
    said, member = np.array([[0.8], [0.6], [0.2], [0.4]]), np.array([[True], [True], [False], [False]])
    online = rmia.ratio_online(np.array([0.6]), said, member)
    assert online[0] == close(1.2)
    assert rmia.ratio_offline(np.array([0.6]), said, member, 0.5)[0] == close(1.263157894736842)
    ratio, others = np.concatenate([online, [0.5, 1.0, 1.5]]), np.array([False, True, True, True])
    assert rmia.score(ratio, others, 1.0)[0] == close(0.666666666666667)
    assert rmia.score(ratio, others, 2.0)[0] == close(0.333333333333333)


def test_every_attack_points_at_members(shadows):
    signals, member = shadows
    p, loss = 1 / (1 + np.exp(-signals)), np.logaddexp(0, -signals)
    others = ~member[0]
    for scores in (
        lira.online(signals[0], signals[1:], member[1:]), lira.offline(signals[0], signals[1:], member[1:]),
        rmia.score(rmia.ratio_online(p[0], p[1:], member[1:]), others),
        rmia.score(rmia.ratio_offline(p[0], p[1:], member[1:]), others),
        loss_attacks.watson(loss[0], loss[1:], member[1:]), loss_attacks.attack_r(loss[0], loss[1:], member[1:]),
        loss_attacks.yeom(loss[0]), loss_attacks.attack_p(loss[0], others),
    ):  # fmt: skip
        assert roc(scores, member[0]).auc > 0.53


def test_shuffled_membership_says_nothing(shadows):
    signals, member = shadows
    g, aucs = np.random.default_rng(2), []
    for t in range(20):
        kept = np.arange(40) != t
        scores = lira.online(signals[t], signals[kept], member[kept])
        aucs.append(roc(scores, g.permutation(member[t])).auc)
    assert abs(np.mean(aucs) - 0.5) < 3 * np.std(aucs, ddof=1) / np.sqrt(20)


def test_models_that_agree_leave_an_order():
    member = np.tile(np.array([[True], [False], [True], [False]]), (1, 5))
    scores = lira.online(np.arange(5.0), np.where(member, 1.0, 0.0), member)
    assert np.isfinite(scores).all() and (np.diff(scores) > 0).all()


def test_an_example_that_no_model_left_out_is_unknown(shadows):
    signals, member = shadows
    member = member.copy()
    member[:, 4] = True
    assert np.isnan(lira.online(signals[0], signals[1:], member[1:])[4])
    assert np.isnan(loss_attacks.watson(signals[0], signals[1:], member[1:])[4])


def test_one_shadow_model_is_too_few_for_lira(shadows):
    signals, member = shadows
    with pytest.raises(UsageError, match="RMIA"):
        lira.online(signals[0], signals[1:2], member[1:2])


def test_rmia_is_the_table_of_all_pairs():
    g = np.random.default_rng(3)
    ratio, others = np.round(g.gamma(2, size=200), 1), g.random(200) < 0.6
    for gamma in (0.5, 1.0, 2.0):
        found = rmia.score(ratio, others, gamma)
        for i in range(200):
            pool = others & (np.arange(200) != i)
            assert found[i] == close((ratio[i] / gamma > ratio[pool]).mean())


def test_rmia_ratios_written_out(shadows):
    signals, member = shadows
    p = 1 / (1 + np.exp(-signals))
    i, rest = 11, member[1:]
    inside, outside = p[1:][rest[:, i], i].mean(), p[1:][~rest[:, i], i].mean()
    assert rmia.ratio_online(p[0], p[1:], rest)[i] == close(p[0, i] / ((inside + outside) / 2))
    assert rmia.ratio_offline(p[0], p[1:], rest, 0.3)[i] == close(p[0, i] / ((1.3 * outside + 0.7) / 2))


def test_ties_of_rmia_are_broken_by_the_ratio():
    g = np.random.default_rng(4)
    ratio, others = g.gamma(2, size=300), g.random(300) < 0.05
    scores = rmia.score(ratio, others)
    broken = rmia.ordered(ratio, scores)
    a, b = np.triu_indices(300, 1)
    differs = scores[a] != scores[b]
    assert ((scores[a] < scores[b]) == (broken[a] < broken[b]))[differs].all()
    assert ((ratio[a] < ratio[b]) == (broken[a] < broken[b]))[~differs].all()


def test_attack_r_by_hand():
    member = np.array([[False], [False], [True]])
    found = loss_attacks.attack_r(np.array([1.5]), np.array([[1.0], [2.0], [0.0]]), member)
    assert found[0] == close(0.5)  # halfway between the losses of the two models without it


def test_attack_p_is_a_rank_of_the_loss():
    loss = np.array([0.1, 0.5, 0.5, 2.0])
    assert loss_attacks.attack_p(loss, np.array([False, True, True, True])).tolist() == close([1, 1 / 3, 1 / 3, 0])
