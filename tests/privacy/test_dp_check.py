"""Coins tossed anew show nothing and coins that are told show the ceiling, unless the audit has a fault."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from byheart.privacy import dp_check as room
from byheart.privacy.dp_audit import OneRunAudit, bonferroni
from byheart.privacy.dp_check import DpCheck, dp_check

DELTA = 1e-5


def test_canaries_that_leak_tell_nothing_of_coins_tossed_anew():
    """The scores tell the coins of the training, and not those of the check."""
    g = np.random.default_rng(0)
    inserted = g.random(1000) < 0.5
    scores = g.normal(size=1000) + 5 * inserted
    assert bonferroni(scores, inserted, delta=DELTA).epsilon > 3
    check = dp_check(scores, DELTA, seed=0)
    assert check.clean and check.sharp and check.epsilon == 0 and check.told == check.ceiling > 4
    assert check.shown.startswith("with the coins tossed anew the same audit shows 0.00, and 4.")
    assert check.shown.endswith("as it should")
    assert check == dp_check(scores, DELTA, seed=0)


def test_it_shows_something_as_rarely_as_it_says():
    """At most alpha, .05, and a fault at most once in a thousand: 2.6 standard errors of 1,000 are .018 and .0026."""
    found = [dp_check(np.random.default_rng(seed).normal(size=100), 0.0, seed) for seed in range(1000)]
    assert 0 < np.mean([check.epsilon > 0 for check in found]) <= 0.05 + 0.018
    assert np.mean([not check.clean for check in found]) <= 0.001 + 0.0026
    assert all(check.sharp for check in found)
    by_chance = next(check for check in found if check.epsilon and check.clean)
    assert "as chance does once in 20" in by_chance.shown and by_chance.shown.endswith("as it should")


def test_the_fewest_canaries_are_checked_too():
    for check in (dp_check(scores, DELTA, seed) for scores in (np.arange(20.0), np.zeros(20)) for seed in range(100)):
        assert check.sharp and check.told == check.ceiling > 0


def test_an_audit_that_looks_at_the_coins_is_a_fault(monkeypatch):
    """Right guesses are counted where there are none: what the check is for."""

    def looking(scores, inserted, **given) -> OneRunAudit:
        return bonferroni(inserted.astype(float), inserted, **given)

    monkeypatch.setattr(room, "bonferroni", looking)
    check = dp_check(np.zeros(200), DELTA, 0)
    assert not check.clean and "where no training has seen these coins: do not trust this audit" in check.shown
    assert "report it if it stays" in check.shown


def test_an_audit_that_finds_nothing_is_a_fault(monkeypatch):
    def blind(scores, inserted, **given) -> OneRunAudit:
        return dataclasses.replace(bonferroni(scores, inserted, **given), epsilon=0.0)

    monkeypatch.setattr(room, "bonferroni", blind)
    check = dp_check(np.arange(200.0), DELTA, 0)
    assert check.clean and not check.sharp
    assert "and 0.00 where the canaries tell their coins: do not trust this audit" in check.shown


@pytest.mark.parametrize(("check", "clean", "sharp"), [
    (DpCheck(0.0, 0.0, 3.0, 3.0), True, True), (DpCheck(0.3, 0.0, 3.0, 3.0), True, True),
    (DpCheck(0.3, 0.1, 3.0, 3.0), False, True), (DpCheck(0.0, 0.0, 0.0, 3.0), True, False),
    (DpCheck(0.0, 0.0, 0.0, 0.0), True, True),  # so few canaries that even perfect guesses show nothing
])  # fmt: skip
def test_which_outcome_is_a_fault(check, clean, sharp):
    assert (check.clean, check.sharp) == (clean, sharp) and ("do not trust" in check.shown) is not (clean and sharp)
