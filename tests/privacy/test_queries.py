"""Several queries: each attacked on its own and averaged, written out; one query is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from byheart.privacy import rmia
from byheart.privacy.answers import Answers
from byheart.privacy.attacks import ATTACKS
from byheart.privacy.leave_one_out import against, scores
from byheart.privacy.pairs import halves, partners
from byheart.privacy.roc import roc
from byheart.privacy.self_check import self_check

from .conftest import answers


def asked(n: int, models: int, queries: int, noise: float = 1.0, seed: int = 0) -> Answers:
    """The signals of `answers`, seen through noise that is drawn anew for each query."""
    plain, g = answers(n, models, seed=seed), np.random.default_rng(seed + 1)
    phis = [plain.phi + noise * g.normal(size=plain.phi.shape).astype(np.float32) for _ in range(queries)]
    first, *again = (
        dataclasses.replace(
            plain, phi=phi, loss=np.logaddexp(0, -phi), probability=(1 / (1 + np.exp(-phi / 2))).astype(np.float32)
        )
        for phi in phis
    )
    return dataclasses.replace(first, again=tuple(again))


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_the_same_query_again_changes_nothing(attack):
    plain = answers(120, 12)
    partner = partners(plain.member, plain.ids)
    twice = dataclasses.replace(plain, again=(plain,))
    np.testing.assert_allclose(scores(twice, partner, attack, a=0.3), scores(plain, partner, attack, a=0.3), atol=1e-9)


@pytest.mark.parametrize("attack", [name for name in ATTACKS if not name.startswith("rmia")])
def test_scores_of_queries_are_averaged(attack):
    every = asked(100, 9, 3)
    partner = partners(every.member, every.ids)
    alone = [dataclasses.replace(one, again=()) for one in (every, *every.again)]
    expected = np.mean([scores(one, partner, attack) for one in alone], axis=0)
    np.testing.assert_allclose(scores(every, partner, attack), expected, rtol=1e-12)


def test_logs_of_rmias_ratios_are_averaged():
    every = asked(90, 9, 3)
    partner, half = partners(every.member, every.ids), halves(every.ids)
    found = scores(every, partner, "rmia_offline", a=0.4)
    k = 4
    ratios = {}
    for i in np.flatnonzero(partner[k] >= 0):
        out = ~every.member[:, i] & ~np.isin(np.arange(9), [k, partner[k, i]])
        if out.any():
            each = [
                float(one.probability[k, i]) / ((1.4 * one.probability[out, i].astype(float).mean() + 0.6) / 2)
                for one in (every, *every.again)
            ]
            ratios[i] = np.prod(each) ** (1 / 3)
    for i, r in ratios.items():
        pool = [z for j, z in ratios.items() if not every.member[k, j] and half[j] != half[i]]
        assert found[k, i] == pytest.approx(np.mean([r > z for z in pool]) + 1e-7 * r / (1 + r), abs=1e-9)


@pytest.mark.parametrize("attack", ["lira_online", "rmia_online", "rmia_offline", "calibrated"])
def test_a_target_of_ones_own_is_asked_as_often(attack):
    every = asked(120, 13, 2)

    def part(one: Answers, models: slice) -> Answers:
        again = tuple(part(x, models) for x in one.again)
        return Answers(one.member[models], one.loss[models], one.phi[models], one.probability[models], one.ids, again)

    target, shadows = part(every, slice(0, 1)), part(every, slice(1, None))
    found = against(target, shadows, attack, a=0.3)
    alone = [(part(t, slice(None)), s) for t, s in zip((target, *target.again), (shadows, *shadows.again), strict=True)]
    alone = [(dataclasses.replace(t, again=()), dataclasses.replace(s, again=())) for t, s in alone]
    if attack.startswith("rmia"):
        ratio = rmia.ratio_online if attack == "rmia_online" else rmia.ratio_offline
        each = [ratio(t.probability[0].astype(float), s.probability, s.member) for t, s in alone]
        order = np.exp(np.mean(np.log(each), axis=0))
        for side in (False, True):  # within a half it is the order of the mean ratio
            rows = np.flatnonzero(halves(every.ids) == side)
            assert (np.diff(found[rows][np.argsort(order[rows])]) >= 0).all()
    else:
        np.testing.assert_allclose(found, np.mean([against(t, s, attack) for t, s in alone], axis=0))


@pytest.mark.parametrize("attack", ["lira_online", "rmia_online"])
def test_queries_see_through_noise(attack):
    every = asked(500, 20, 4, noise=1.5)
    partner = partners(every.member, every.ids)
    areas = []
    for one in (dataclasses.replace(every, again=()), every):
        said = scores(one, partner, attack)
        areas.append(roc(said[~np.isnan(said)], every.member[~np.isnan(said)]).auc)
    assert areas[1] > areas[0] + 0.02


@pytest.mark.parametrize("attack", ["lira_online", "rmia_online"])
def test_the_self_check_deals_membership_of_all_queries(attack):
    check = self_check(asked(300, 20, 3), attack)
    assert check.clean and check.sharp
