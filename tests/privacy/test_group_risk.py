from __future__ import annotations

import numpy as np
import pytest

from byheart.privacy import pooled
from byheart.privacy.group_risk import group_risks, mean_risk
from byheart.privacy.leakage import RISK_AT, leakage
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.privacy.roc import roc, tpr_at

from .conftest import answers


@pytest.fixture(scope="module")
def found():
    a = answers(600, 20)
    names = np.where(np.arange(600) < 250, "many", np.where(np.arange(600) < 590, "more", "few"))
    return a, names, leakage(a, names={"group": names})


def test_rates_are_those_of_the_groups_own_pairs(found):
    a, names, leak = found
    said = scores(a, partners(a.member, a.ids), leak.first.measured.attack)
    rows = {row.name: row for row in leak.groups["group"]}
    assert set(rows) == {"few", "many", "more"} and rows["few"].examples == 10
    for name in ("many", "more"):
        part, member = said[:, names == name], a.member[:, names == name]
        known = ~np.isnan(part)
        truth = tpr_at(roc(part[known], member[known]), RISK_AT)
        assert rows[name].at.rate == truth and rows[name].others == (known & ~member).sum() == 6 * (names == name).sum()
        assert rows[name].at.low <= truth.value <= rows[name].at.high
    assert rows["few"].at is None and rows["few"].shown == "not resolvable, needs at least 1,000 non-members"


def test_the_mean_risk_is_that_of_single_examples(found):
    _, names, leak = found
    for row in leak.groups["group"]:
        assert row.risk == pytest.approx(np.nanmean(leak.first.risk.value[names == row.name]))
        assert row.risk_low <= row.risk <= row.risk_high
    assert [row.risk for row in leak.groups["group"]] == sorted((r.risk for r in leak.groups["group"]), reverse=True)


def test_its_interval_is_that_of_leaving_out_each_target():
    g = np.random.default_rng(0)
    member, known = g.random((7, 12)) < 0.5, g.random((7, 12)) < 0.9
    accused = known & (g.random((7, 12)) < 0.3 + 0.4 * member)

    def mean(kept):
        values = []
        for i in range(12):
            inside, outside = kept & known[:, i] & member[:, i], kept & known[:, i] & ~member[:, i]
            if inside.any() and outside.any():
                values.append(accused[inside, i].mean() - accused[outside, i].mean())
        return np.mean(values)

    value, low, high = mean_risk(accused, known, member)
    without = np.array([mean(np.arange(7) != k) for k in range(7)])
    hits, alarms = known & member, known & ~member
    pull = np.zeros((7, 12))
    for side, sign in ((hits, 1), (alarms, -1)):
        shares = np.array([accused[side[:, i], i].mean() for i in range(12)])
        for k, i in zip(*np.nonzero(side), strict=True):
            pull[k, i] = sign * (accused[k, i] - shares.mean()) / side[:, i].sum()
    half = 2.446912 * np.sqrt(6 / 7 * ((without - without.mean()) ** 2).sum()) * pooled.shared(pull)  # t, 6 degrees
    assert value == pytest.approx(mean(np.ones(7, bool)))
    assert (low, high) == pytest.approx((max(value - half, -1), min(value + half, 1)), abs=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_intervals_of_small_groups_cover(size):
    """Sums by example say nothing where there is one: the interval is that over targets, and holds the true risk."""
    g, inside = np.random.default_rng(size), 0
    for _ in range(300):
        member = g.permuted(np.tile(np.arange(20)[:, None] % 2 == 0, (1, size)), axis=0)
        accused = g.random((20, size)) < np.where(member, 0.5, 0.2)
        _, low, high = mean_risk(accused, np.ones((20, size), bool), member)
        inside += low <= 0.3 <= high
    assert inside / 300 > 0.89


def test_a_group_that_leaks_is_told_from_one_that_does_not():
    a = answers(800, 20, shift=0.0)
    member, phi = a.member, a.phi.copy()
    phi[:, :400] += 4 * member[:, :400]
    leaky = type(a)(member, np.logaddexp(0, -phi), phi, (1 / (1 + np.exp(-phi / 2))).astype(np.float32), a.ids)
    first, second = leakage(leaky, names={"class": np.arange(800) // 400}).groups["class"]
    assert (first.name, second.name) == ("0", "1")
    assert first.risk_low > second.risk_high and second.risk_low <= 0 <= second.risk_high
    assert first.at.low > second.at.high


def test_a_group_that_is_in_every_model_says_nothing():
    member = np.array([[True, True], [False, True], [True, True]])
    said = np.array([[1.0, 1.0], [0.0, 1.0], [0.5, 1.0]])
    first, second = group_risks(said, member, 0.7, 0.01, np.array(["a", "b"]))
    assert first.risk == 0.5 and np.isnan(second.risk)
    assert second.at is None and (second.risk_low, second.risk_high) == (-1, 1)


def test_groups_need_a_threshold():
    assert leakage(answers(100, 8), names={"class": np.zeros(100)}).groups == {}
