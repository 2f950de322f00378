"""A target of one's own: fair between its members and held-out examples, right on a leak, quiet without one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart
from byheart.base.errors import NotApplicable
from byheart.privacy import own_target as room
from byheart.privacy.answers import answers_of
from byheart.privacy.delong import auc_interval
from byheart.privacy.own_target import apart, both, own_target
from byheart.privacy.roc import auc_by_ranks, exact
from byheart.runs.single import scaled

N, HELD = 300, 200


class Many(dict):
    """Subset models of given arrays; the losses are those of two classes' logits."""

    def __init__(self, models: int, shift: float, seed: int, odd: float = 0.0):
        """Those trained on an example are surer of it by `shift`; the training set is easier by `odd`."""
        g = np.random.default_rng(seed)
        level = g.normal(1, 1.5, N + HELD) + odd * (np.arange(N + HELD) < N)
        member = byheart.data.subsets.masks(N, models, seed)
        seen = np.concatenate([member, np.zeros((models, HELD), bool)], 1)
        phi = level + shift * seen + g.normal(size=seen.shape)
        logits = np.stack([phi / 2, -phi / 2], 2).astype(np.float16)
        super().__init__(member=member, logits=logits, loss=np.logaddexp(0, -phi), correct=(phi > 0).astype(np.float16))
        self.models, self.n, self.classes = models, N, 2
        self.ids, self.test_ids = np.arange(N), np.arange(HELD)
        self.targets, self.test_targets = np.zeros(N, int), np.zeros(HELD, int)
        self.own = level + shift * (np.arange(N + HELD) < N) + g.normal(size=N + HELD)
        self.goals = np.zeros(N + HELD, int)


def attacked(models: int = 20, shift: float = 0.0, seed: int = 0, odd: float = 0.0) -> room.OwnTarget:
    many = Many(models, shift, seed, odd)
    return own_target(np.stack([many.own / 2, -many.own / 2], 1), many.goals, many, seed)


def test_a_leak_is_found_and_none_where_none_is():
    leak, none = attacked(shift=2.0), attacked()
    assert leak.first.auc_low > 0.7 and none.first.auc_low < 0.5 < none.first.auc_high
    for found in (leak, none):
        assert set(found.attacks) == {"loss", "attack_p", "calibrated", "attack_r", "lira_offline", "rmia_offline"}
        assert "no reference was trained on those that are held out" in found.skipped["lira_online"]
        assert found.apart[1] <= 0.5 <= found.apart[2]
    assert (leak.members, leak.others, len(leak.scores)) == (N, HELD, N)


@pytest.mark.parametrize("models", [8, 20])
def test_no_attack_tells_members_by_how_many_references_they_have(models):
    """Mean AUC over 25 targets that leak nothing, by every attack."""
    aucs = [{name: one.auc for name, one in attacked(models, seed=s).attacks.items()} for s in range(25)]
    for name in aucs[0]:
        values = np.array([one[name] for one in aucs])
        assert abs(values.mean() - 0.5) < 3 * values.std(ddof=1) / 5, name


def test_held_out_examples_are_asked_of_as_many_references_as_members():
    many = Many(20, 1.0, 0)
    found = both(many, seed=3)
    outside = (~found.member).sum(0)
    assert set(outside[:N]) == set(outside[N:]) == {6}
    np.testing.assert_array_equal(found.member[:, :N], many["member"])
    np.testing.assert_array_equal(found.phi[:, :N], answers_of(many_without_held_out(many)).phi)


def many_without_held_out(many: Many) -> Many:
    short = Many.__new__(Many)
    dict.__init__(short, {k: v[:, :N] for k, v in many.items()})
    short.__dict__ = many.__dict__
    return short


def test_sets_that_differ_on_their_own_are_seen():
    many = Many(20, 0.0, 1, odd=3.0)
    alike = attacked(seed=1)
    trained = np.arange(N + HELD) < N
    shifted = both(many, 1)
    value, low, high = apart(shifted, trained, 0.3)
    assert alike.apart[1] <= 0.5 <= alike.apart[2] and low <= value <= high
    assert not low <= 0.5 <= high


def test_rates_are_exact():
    found = attacked(shift=2.0)
    for one in found.attacks.values():
        rate = one.rates[1]
        assert rate.asked == 0.01
        assert (rate.fpr_low, rate.fpr_high) == exact(round(rate.fpr * HELD), HELD)
        least, most = exact(round(rate.value * N), N)  # as if the threshold were known
        assert rate.low <= least and most <= rate.high
        assert not rate.resolvable and rate.needed == 1000
        assert rate.fpr <= 0.01 and one.auc == pytest.approx(one.curve.auc)


def test_the_interval_over_examples_holds_the_truth():
    held = 0
    for seed in range(400):
        g = np.random.default_rng(seed)
        member = np.arange(120) < 50
        said = g.normal(size=120) + member
        low, high = auc_interval(said, member, auc_by_ranks(said, member))
        held += low <= 0.7602499389065233 <= high  # Phi(1 / sqrt(2))
    assert held / 400 > 0.95 - 2.6 * np.sqrt(0.95 * 0.05 / 400)
    assert auc_interval(member.astype(float), member, 1.0)[0] == pytest.approx(0.025 ** (1 / 50))


def test_networks_that_were_trained(few, tmp_path):
    many = byheart.record_subsets(few, 6, tmp_path / "many", jobs=1)
    run = byheart.record(few, tmp_path / "run")
    logits = np.concatenate([run["final_logits"], run["final_validation_logits"], run["final_test_logits"]])
    goals = scaled(few, np.concatenate([few.train.targets, few.held_out.targets]))
    found = own_target(logits, goals, many)
    right = (logits.argmax(1) == goals).astype(float)
    assert found.accuracy[:2] == pytest.approx((right[:200].mean(), right[200:].mean()))
    assert (found.models, found.others) == (6, 60)


def test_nothing_can_be_said_without_held_out_examples():
    many = Many(4, 0.0, 0)
    many.test_ids = many.test_ids[:1]
    with pytest.raises(NotApplicable, match="no held-out examples"):
        own_target(np.zeros((N + 1, 2)), many.goals[: N + 1], many)
    nobody = dataclasses.replace(attacked(8), apart=(np.nan, np.nan, np.nan))
    assert nobody.first.attack == "rmia_offline"
