from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.data.subsets import masks
from byheart.privacy.answers import answers_of
from byheart.privacy.attacks import ATTACKS
from byheart.privacy.leakage import first_look, leakage
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.privacy.risk import risk
from byheart.privacy.self_check import self_check

from .conftest import answers


@pytest.fixture(scope="module")
def found():
    a = answers(600, 20)
    right = (a.phi > 0).astype(np.float32)
    return a, leakage(a, right, right[:, :].mean(0).astype(float))


def test_every_attack_is_there_and_one_is_first(found):
    _, leak = found
    assert list(leak.attacks) == list(ATTACKS) and not leak.skipped
    assert leak.first.measured.attack == "rmia_online" and "18 reference models" in leak.chosen
    for name, measured in leak.attacks.items():
        assert measured.auc_low <= measured.auc <= measured.auc_high and measured.auc > 0.53, name
        assert [at.fpr for at in measured.at] == [0.001, 0.01]
        assert abs(np.nanmean(measured.by_target) - measured.auc) < 0.05
    assert leak.first.others == leak.first.members == 600 * 6  # six pairs an example
    assert not leak.first.few and 0 <= leak.accuracy[2] <= leak.accuracy[3] <= 1
    assert np.isfinite(leak.memorization)


@pytest.mark.parametrize(("classes", "says"), [
    (10, "gamma 1, temperature 2 and"), (64, "temperature 2 and"), (65, "temperature 1 and"),
    (0, "gamma 1, exp(-error / 2) for a probability and"),
])  # fmt: skip
def test_the_temperature_that_was_used_is_told(classes, says):
    """Of more than 64 classes probabilities come from the loss, and of regression from no softmax."""
    g = np.random.default_rng(0)
    member = masks(40, 6, 0)
    many = {"member": member, "loss": g.gamma(2, size=(6, 40)).astype(np.float32),
            "logits": g.normal(size=(6, 40, max(classes, 1))).astype(np.float32)}  # fmt: skip
    targets = g.integers(0, max(classes, 1), 40)

    class Many(dict):
        """What `answers_of` reads of subset models."""

    recorded = Many(many)
    recorded.n, recorded.classes, recorded.targets, recorded.ids = 40, classes, targets, np.arange(40)
    a = answers_of(recorded)
    heat = a.temperature
    leak = leakage(a)
    assert says in leak.chosen and leak.temperature == heat
    if not classes:
        assert heat is None
        np.testing.assert_allclose(a.probability, np.exp(-many["loss"] / 2), rtol=1e-6)
    elif classes > 64:
        np.testing.assert_allclose(a.probability, np.exp(-many["loss"]), rtol=1e-5)
    else:
        z = many["logits"][3, 7] / heat
        assert a.probability[3, 7] == pytest.approx(np.exp(z[targets[7]]) / np.exp(z).sum(), rel=1e-5)


def test_the_first_look_is_the_same(found):
    a, leak = found
    first = first_look(a)
    assert first.measured.auc == leak.first.measured.auc and first.measured.at == leak.first.measured.at
    np.testing.assert_array_equal(first.risk.value, leak.first.risk.value)


def test_risk_by_counting(found):
    a, leak = found
    partner = partners(a.member, a.ids)
    said = scores(a, partner, "rmia_online")
    threshold = leak.first.measured.at[1].rate.threshold
    one = leak.first.risk
    for i in range(0, 600, 37):
        inside, outside = said[a.member[:, i], i], said[~a.member[:, i], i]
        inside, outside = inside[~np.isnan(inside)], outside[~np.isnan(outside)]
        assert one.value[i] == pytest.approx((inside > threshold).mean() - (outside > threshold).mean())
        p, q = ((x > threshold).sum() + 1 for x in (inside, outside))
        p, q, n, m = p / (len(inside) + 2), q / (len(outside) + 2), len(inside) + 2, len(outside) + 2
        assert one.se[i] == pytest.approx(np.sqrt(p * (1 - p) / n + q * (1 - q) / m))
        assert one.low[i] == pytest.approx(p - q - 1.959964 * one.se[i])


def test_an_example_that_nobody_attacked_has_no_risk():
    said = np.array([[1.0, np.nan], [0.0, np.nan]])
    one = risk(said, np.array([[True, True], [False, False]]), 0.5)
    assert one.value[0] == 1 and np.isnan([one.value[1], one.se[1], one.low[1]]).all()


def test_examples_that_leak_are_at_risk():
    a = answers(600, 40, shift=0.0)
    member, phi = a.member, a.phi.copy()
    phi[:, :10] += 12 * member[:, :10]
    leaky = dataclasses.replace(
        a, phi=phi, loss=np.logaddexp(0, -phi).astype(np.float32),
        probability=(1 / (1 + np.exp(-phi / 2))).astype(np.float32),
    )  # fmt: skip
    one = first_look(leaky).risk
    assert one.value[:10].min() > 0.8 and np.mean(one.value[10:] > 0.3) < 0.01


def test_where_nothing_leaks_nothing_is_found():
    aucs = [first_look(answers(300, 20, shift=0.0, seed=s)).measured for s in range(20)]
    mean = np.array([m.auc for m in aucs])
    assert abs(mean.mean() - 0.5) < 3 * mean.std(ddof=1) / np.sqrt(20) + 1e-3
    assert np.mean([m.auc_low <= 0.5 <= m.auc_high for m in aucs]) >= 0.8


@pytest.mark.parametrize("attack", list(ATTACKS))
@pytest.mark.parametrize("models", [8, 20])
def test_the_self_check_is_clean_and_sharp_on_a_good_audit(attack, models):
    for seed in range(3):
        check = self_check(answers(300, models, seed=seed), attack, seed)
        assert check.clean and check.sharp and "as it should" in check.shown


def test_the_self_check_sees_counts_that_give_the_target_away(monkeypatch):
    """Without partners the references of balanced masks tell who is a member: the reason for having them."""
    import byheart.privacy.self_check as room

    def alone(answers, partner, attack):
        """A score that shifts with the count of the references that have the example."""
        jitter = np.random.default_rng(0).normal(size=answers.member.shape)
        return jitter - 0.5 * (answers.member.sum(0) - answers.member)

    monkeypatch.setattr(room, "scores", alone)
    check = self_check(answers(600, 20), "lira_online")
    assert not check.clean and "do not trust" in check.shown


def test_what_few_models_and_examples_cannot_tell():
    small = leakage(answers(100, 3))
    assert set(small.skipped) == {"lira_offline", "lira_online", "rmia_online"}
    assert small.first.measured.attack == "rmia_offline" and small.first.few
    assert "it takes 1,000 or more" in small.first.unresolved and small.first.risk is None
    assert leakage(answers(100, 2)).first.measured.attack == "loss"
    with pytest.raises(NotApplicable, match="in one of them and not in another"):
        first_look(answers(100, 1))
