"""One target whose outcome is known: nothing with membership dealt anew, a planted leak found, a fault called one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import norm

from byheart.data.subsets import masks
from byheart.privacy import own_check as room
from byheart.privacy.answers import Answers
from byheart.privacy.delong import auc_interval
from byheart.privacy.own_check import own_check, plainly
from byheart.privacy.self_check import SURER

ATTACKS = ["loss", "attack_p", "calibrated", "attack_r", "lira_offline", "rmia_offline"]


def one_target(
    noise: float, seed: int = 0, n: int = 400, models: int = 12, leak: float = 0.0
) -> tuple[Answers, Answers]:
    """A target trained on the first half, and its references; answers differ by `noise` nats between models."""
    g = np.random.default_rng(seed)
    seen = np.concatenate([np.arange(n)[None] < n // 2, masks(n, models, seed, 0.5)])
    phi = g.normal(0, 0.5, n) + noise * g.normal(size=seen.shape) + leak * seen
    loss, phi, p = (x.astype(np.float32) for x in (np.logaddexp(0, -phi), phi, 1 / (1 + np.exp(-phi / 2))))
    target, references = (
        Answers(seen[rows], loss[rows], phi[rows], p[rows], np.arange(n)) for rows in (slice(0, 1), slice(1, None))
    )
    return target, references


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("leak", [0.0, 3.0])
def test_the_check_is_clean_and_sharp_whatever_the_target_leaks(attack, leak):
    for seed in range(5):
        check = own_check(*one_target(0.5, seed, leak=leak), attack, 0.3, seed)
        assert check is not None and check.clean and check.sharp and check.shown.endswith("as it should")
        assert check.null_low <= check.null <= check.null_high and (check.number, check.of) == (400, "records")


def test_membership_dealt_anew_seems_to_leak_as_rarely_as_it_says():
    """Outside a 95 % interval in about one in twenty, outside the wider one in a thousand."""
    found = [
        own_check(*one_target(1.0, seed, n=120, models=6, leak=2.0), "rmia_offline", 0.3, seed) for seed in range(300)
    ]
    checks = [check for check in found if check is not None]
    assert len(checks) == 300 and all(check.clean for check in checks)
    assert 0.9 < np.mean([check.null_low <= 0.5 <= check.null_high for check in checks]) < 1


def test_what_noise_hides_is_not_resolved_and_says_how_many_records_would():
    checks = [own_check(*one_target(16.0, seed, n=100), "lira_offline", 0.3, seed) for seed in range(20)]
    unsure = [check for check in checks if check is not None and check.outcome == "not resolved"]
    assert len(unsure) >= 14
    check = unsure[0]
    assert "because 100 records are too few" in check.shown and f"about {check.wanted:,} records" in check.shown
    assert check.wanted > 100
    never = dataclasses.replace(check, expected=0.5)
    assert "more records than can be had would show it" in never.shown


@pytest.mark.parametrize(("broken", "clean", "outcome"), [
    (lambda t, r, *_, **__: t.member[0] + 0.1 * t.phi[0], False, "found"),  # it reads what is said of membership
    (lambda t, r, *_, **__: np.random.default_rng(1).normal(size=len(t.ids)), True, "missed"),
    (lambda t, r, *_, **__: -t.phi[0], True, "missed"),
])  # fmt: skip
def test_a_broken_attack_is_a_fault(monkeypatch, broken, clean, outcome):
    monkeypatch.setattr(room, "against", broken)
    check = own_check(*one_target(0.5), "rmia_offline", 0.3)
    assert check is not None and check.clean is clean and check.outcome == outcome
    assert "do not trust this audit" in check.shown and "report it" in check.shown


def test_what_is_expected_is_what_the_noise_leaves_of_the_leak():
    """The signal less the mean of six or so references: two such differences, SURER nats apart."""
    check = own_check(*one_target(2.0, n=4000), "lira_offline", 0.3)
    assert check is not None
    assert check.expected == pytest.approx(norm.cdf(SURER / (np.sqrt(2) * 2.0 * np.sqrt(1 + 1 / 6))), abs=0.03)


@pytest.mark.parametrize("attack", ["loss", "calibrated", "lira_offline", "rmia_offline"])
def test_the_plain_attack_by_hand(attack):
    target, references = one_target(1.0, n=30)
    references.member[:, 4] = True
    at = np.array([9, 4, 20])
    mine, theirs = ({"rmia_offline": np.log(x.probability), "lira_offline": x.phi}.get(attack, -x.loss)
                    for x in (target, references))  # fmt: skip
    for found, i in zip(plainly(target, references, attack, at), at, strict=True):
        outside = ~references.member[:, i]
        if attack == "loss":
            assert found == mine[0, i]
        elif i == 4:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(mine[0, i] - theirs[outside, i].astype(float).mean(), rel=1e-9)


def test_where_examples_are_too_few_nothing_is_checked():
    assert own_check(*one_target(1.0, n=4, models=2), "rmia_offline", 0.3) is None
    low, high = auc_interval(np.arange(2.0), np.array([False, True]), 1.0)
    assert high == 1 and low == pytest.approx(0.025)
