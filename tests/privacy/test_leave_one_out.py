"""Running sums against loops over targets and examples that are written out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import norm

from byheart.base.errors import UsageError
from byheart.privacy import lira, loss_attacks, rmia
from byheart.privacy.answers import Answers
from byheart.privacy.attacks import ATTACKS, possible, trusted
from byheart.privacy.leave_one_out import against, chosen_a, scores
from byheart.privacy.pairs import halves, partners
from byheart.privacy.roc import auc_by_ranks, roc

from .conftest import answers

N = 90


def references(a: Answers, partner: np.ndarray, k: int, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Which other models are without the example, and with it."""
    kept = np.ones(a.models, bool)
    kept[[k, partner[k, i]]] = False
    return kept & ~a.member[:, i], kept & a.member[:, i]


def gaussians(a: Answers, partner: np.ndarray, k: int, variance: str) -> dict[bool, dict[int, tuple[float, float]]]:
    """Mean and deviation per side and example, by loops."""
    found: dict[bool, dict[int, tuple[float, float]]] = {}
    for side in (False, True):
        values = {
            i: a.phi[references(a, partner, k, i)[side], i].astype(float) for i in np.flatnonzero(partner[k] >= 0)
        }
        many = [v for v in values.values() if len(v) > 1]
        pool = sum(((v - v.mean()) ** 2).sum() for v in many) / max(sum(len(v) - 1 for v in many), 1)
        found[side] = {}
        for i, v in values.items():
            square = ((v - v.mean()) ** 2).sum() if len(v) else np.nan
            own = {
                "pooled": pool, "example": square / (len(v) - 1) if len(v) > 1 else np.nan,
                "shrunk": (8 * pool + square) / (8 + len(v) - 1) if len(v) else np.nan,
            }[variance]  # fmt: skip
            found[side][i] = (v.mean() if len(v) else np.nan, np.sqrt(max(own, 1e-6 * pool)))
    return found


def slow(a: Answers, partner: np.ndarray, attack: str, variance: str = "shrunk", chosen: float = 0.3) -> np.ndarray:
    found, half = np.full(a.member.shape, np.nan), halves(a.ids)
    for k in range(a.models):
        rows = np.flatnonzero(partner[k] >= 0)
        g = gaussians(a, partner, k, variance) if attack.startswith("lira") else {}
        ratio = {}
        for i in rows:
            out, inside = references(a, partner, k, i)
            loss, phi, p = (float(x[k, i]) for x in (a.loss, a.phi, a.probability))
            if attack == "loss":
                found[k, i] = -loss
            elif attack == "attack_p":
                pool = [float(a.loss[k, j]) for j in rows if not a.member[k, j] and half[j] != half[i]]
                found[k, i] = np.mean([(z > loss) + 0.5 * (z == loss) for z in pool]) if pool else np.nan
            elif attack == "calibrated" and out.any():
                found[k, i] = np.mean(a.loss[out, i].astype(float)) - loss
            elif attack == "attack_r" and out.any():
                single = loss_attacks.attack_r(np.array([loss]), a.loss[out, i].astype(float)[:, None],
                                               np.zeros((out.sum(), 1), bool))  # fmt: skip
                found[k, i] = single[0]
            elif attack == "lira_offline" and out.any():
                found[k, i] = norm.logcdf(phi, *g[False][i])
            elif attack == "lira_online" and out.any() and inside.any():
                found[k, i] = norm.logpdf(phi, *g[True][i]) - norm.logpdf(phi, *g[False][i])
            elif attack == "rmia_offline" and out.any():
                ratio[i] = p / (((1 + chosen) * a.probability[out, i].astype(float).mean() + 1 - chosen) / 2)
            elif attack == "rmia_online" and out.any() and inside.any():
                ratio[i] = p / sum(a.probability[side, i].astype(float).mean() / 2 for side in (out, inside))
        for i, r in ratio.items():
            pool = [z for j, z in ratio.items() if not a.member[k, j] and half[j] != half[i]]
            found[k, i] = np.mean([r / z > 1 for z in pool]) + 1e-7 * r / (1 + r) if pool else np.nan
    return found


@pytest.mark.parametrize("models", [3, 7, 20])
@pytest.mark.parametrize("attack", ["loss", "attack_p", "calibrated", "attack_r"])
def test_attacks_on_the_loss_written_out(attack, models):
    a = answers(N, models)
    a = dataclasses.replace(a, loss=np.round(a.loss, 1))  # ties among models and examples
    partner = partners(a.member, a.ids)
    np.testing.assert_allclose(scores(a, partner, attack), slow(a, partner, attack), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("models", [7, 20])
@pytest.mark.parametrize("variance", ["example", "pooled", "shrunk"])
@pytest.mark.parametrize("attack", ["lira_offline", "lira_online"])
def test_lira_written_out(attack, variance, models):
    a = answers(N, models)
    partner = partners(a.member, a.ids)
    np.testing.assert_allclose(
        scores(a, partner, attack, variance), slow(a, partner, attack, variance), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("models", [3, 7, 20])
@pytest.mark.parametrize("attack", ["rmia_offline", "rmia_online"])
def test_rmia_written_out(attack, models):
    if models == 3 and attack == "rmia_online":
        return
    a = answers(N, models)
    partner = partners(a.member, a.ids)
    found = scores(a, partner, attack, a=0.3)
    np.testing.assert_allclose(found, slow(a, partner, attack), rtol=1e-9, atol=1e-9)


def test_models_that_all_agree_say_nothing():
    a = answers(120, 20)
    same = np.ones_like(a.loss)
    a = dataclasses.replace(a, loss=same, phi=same, probability=same / 2)
    partner = partners(a.member, a.ids)
    for attack in ATTACKS:
        found = scores(a, partner, attack, a=0.3)
        known = np.isfinite(found)
        values = [roc(found[k, known[k]], a.member[k, known[k]]).auc for k in range(20)]
        assert np.mean(values) == pytest.approx(0.5, abs=0.02), attack


def test_too_few_models_are_refused_with_the_number():
    a = answers(60, 3)
    with pytest.raises(UsageError, match="needs 2 reference models or more, of 1"):
        scores(a, partners(a.member, a.ids), "lira_online")
    assert [trusted(k) for k in (0, 1, 3, 4, 31, 32)] == [
        "loss", "rmia_offline", "rmia_offline", "rmia_online", "rmia_online", "lira_online"
    ]  # fmt: skip
    assert not possible(0)["loss"] and possible(1)["lira_online"] and not any(possible(2).values())


def test_the_a_is_the_best_of_eleven_on_the_first_model():
    a = answers(800, 20)
    partner = partners(a.member, a.ids)
    best = chosen_a(a, partner)
    rows = np.flatnonzero(partner[0] >= 0)
    aucs = {}
    for value in np.linspace(0, 1, 11):
        ratio = []
        for i in rows:
            out = references(a, partner, 0, i)[0]
            ratio.append(a.probability[0, i] / (((1 + value) * a.probability[out, i].mean() + 1 - value) / 2))
        aucs[value] = auc_by_ranks(np.array(ratio, float), a.member[0, rows])
    assert aucs[best] == pytest.approx(max(aucs.values()), abs=1e-4)


def test_a_target_of_ones_own():
    a = answers(300, 21, share=0.5)
    target, shadows = (
        Answers(a.member[s], a.loss[s], a.phi[s], a.probability[s], a.ids) for s in (slice(0, 1), slice(1, None))
    )
    for attack in ATTACKS:
        found = against(target, shadows, attack)
        assert roc(found, target.member[0]).auc > 0.53, attack
    np.testing.assert_allclose(
        against(target, shadows, "lira_online"), lira.online(a.phi[0].astype(float), a.phi[1:], a.member[1:])
    )
    ratio = rmia.ratio_offline(a.probability[0].astype(float), a.probability[1:], a.member[1:], 0.5)
    found = against(target, shadows, "rmia_offline", a=0.5)
    for side in (False, True):  # within a half it is the order of the ratio
        rows = np.flatnonzero(halves(a.ids) == side)
        assert (np.diff(found[rows][np.argsort(ratio[rows])]) >= 0).all()
    nobody = Answers(a.member[:0], a.loss[:0], a.phi[:0], a.probability[:0], a.ids)
    with pytest.raises(UsageError, match="needs 1 reference models"):
        against(target, nobody, "calibrated")
    with pytest.raises(UsageError, match="one model"):
        against(shadows, target, "loss")
