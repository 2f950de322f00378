"""A planted leak that is found, one that so few models cannot resolve, and one that a broken attack misses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import norm

from byheart.data.subsets import masks
from byheart.privacy import self_check as room
from byheart.privacy.answers import Answers
from byheart.privacy.pairs import partners
from byheart.privacy.self_check import SURER, SelfCheck, plainly, self_check

from .conftest import answers


def noisy(models: int, noise: float, seed: int = 0, n: int = 200) -> Answers:
    """Models that leak nothing and differ by `noise` nats from one another, as those of noisy training do."""
    g = np.random.default_rng(seed)
    member = masks(n, models, seed, 0.7)
    phi = g.normal(2, 2, n) + noise * g.normal(size=member.shape)
    loss, phi, p = (x.astype(np.float32) for x in (np.logaddexp(0, -phi), phi, 1 / (1 + np.exp(-phi / 2))))
    return Answers(member, loss, phi, p, np.arange(n))


def read(planted: float, half: float, expected: float, null: float = 0.5, models: int = 8) -> SelfCheck:
    return SelfCheck(null, null - 0.03, null + 0.03, planted, planted - half, planted + half, expected, models)


def test_eight_noisy_models_are_too_few_and_no_fault():
    check = read(0.591, 0.121, 0.62)
    assert check.outcome == "not resolved" and check.clean and not check.sharp
    assert "do not trust" not in check.shown and "0.591 [0.470, 0.712] fits both it and guessing" in check.shown
    assert "because 8 models are too few to see it: no fault" in check.shown
    assert check.wanted == int(np.ceil(8 * (2.7 * 0.121 / 0.12) ** 2)) and f"about {check.wanted} models" in check.shown


def test_an_interval_above_guessing_has_found_it():
    check = read(0.75, 0.1, 0.9)
    assert check.outcome == "found" and check.sharp and check.shown.endswith("as it should")


@pytest.mark.parametrize(("planted", "half"), [(0.5, 0.05), (0.45, 0.1), (0.2, 0.05), (0.3, 0.1)])
def test_an_interval_below_what_was_planted_is_a_fault(planted, half):
    check = read(planted, half, 0.75)
    assert check.outcome == "missed" and check.clean and not check.sharp
    assert "was missed" in check.shown and "do not trust this audit" in check.shown and "report it" in check.shown


def test_a_leak_among_shuffled_members_is_a_fault_whatever_was_found():
    check = read(0.9, 0.05, 0.9, null=0.56)
    assert not check.clean and check.sharp
    assert "excludes .5" in check.shown and "do not trust this audit" in check.shown
    assert read(0.9, 0.05, 0.9, null=0.54).clean  # outside of 95 %, within 99.9 %


def test_what_no_number_of_models_resolves_is_said():
    check = read(0.45, 0.2, 0.5)
    assert check.outcome == "not resolved" and "more models than can be trained would show it" in check.shown


def test_more_is_wanted_of_a_smaller_leak_and_always_more_than_there_are():
    wanted = [read(0.55, 0.1, expected).wanted for expected in (0.55, 0.6, 0.65, 0.7)]
    assert wanted == sorted(wanted, reverse=True) and min(wanted) > 8
    assert read(0.55, 0.1, 0.719).outcome == "not resolved"


def test_the_outcome_on_answers():
    """Few noisy models resolve nothing, many quiet ones find it; neither is called a fault."""
    few = [self_check(noisy(8, 16.0, seed), "lira_online", seed) for seed in range(20)]
    assert sum(check.outcome == "not resolved" for check in few) >= 17 and all(check.wanted > 8 for check in few)
    assert all(self_check(noisy(12, 1.0, seed), "rmia_online", seed).outcome == "found" for seed in range(10))


def test_the_models_that_are_wanted_find_it():
    """The advice, taken: what 8 models do not resolve, as many as are wanted do, in most draws."""
    few = [self_check(noisy(8, 4.0, seed), "lira_online", seed) for seed in range(12)]
    unsure = [check for check in few if check.outcome == "not resolved"]
    wanted = int(np.median([check.wanted for check in unsure]))
    assert len(unsure) >= 6 and 16 < wanted < 400
    assert sum(self_check(noisy(wanted, 4.0, seed), "lira_online", seed).sharp for seed in range(6)) >= 5


def test_an_attack_that_reads_noise_misses_it(monkeypatch):
    monkeypatch.setattr(room, "scores", lambda a, *_: np.random.default_rng(1).normal(size=a.member.shape))
    check = self_check(noisy(20, 1.0), "rmia_online")
    assert check.outcome == "missed" and check.clean and check.expected > 0.9


def test_an_attack_the_wrong_way_round_misses_it(monkeypatch):
    right = room.scores
    monkeypatch.setattr(room, "scores", lambda *given: -right(*given))
    assert self_check(noisy(8, 1.0), "rmia_online").outcome == "missed"


def test_what_is_expected_is_what_the_noise_leaves_of_the_leak():
    """Two answers of one model and example each, 2 nats apart, less the mean of all references' answers."""
    found = self_check(noisy(40, 2.0, n=2000), "lira_online")
    spread = 2.0 * np.sqrt(1 + 1 / 38)
    assert found.expected == pytest.approx(norm.cdf(SURER / (np.sqrt(2) * spread)), abs=0.03)


@pytest.mark.parametrize("attack", ["loss", "calibrated", "lira_online", "rmia_offline"])
def test_the_plain_attack_by_hand(attack):
    a = answers(12, 6)
    partner, at = partners(a.member, a.ids), np.array([7, 2])
    found = plainly(a, partner, attack, at)
    signal = {"rmia_offline": np.log(a.probability), "lira_online": a.phi}.get(attack, -a.loss)
    for column, i in enumerate(at):
        for k in range(6):
            rest = [j for j in range(6) if j not in (k, partner[k, i])]
            rest = [j for j in rest if attack == "lira_online" or not a.member[j, i]]
            if attack == "loss":
                assert found[k, column] == signal[k, i]
            elif partner[k, i] < 0 or not rest:
                assert np.isnan(found[k, column])
            else:
                assert found[k, column] == pytest.approx(signal[k, i] - signal[rest, i].mean(), abs=1e-6)


def test_queries_are_averaged():
    a = noisy(8, 1.0)
    asked = dataclasses.replace(a, again=(noisy(8, 1.0, 5), noisy(8, 1.0, 6)))
    partner, at = partners(a.member, a.ids), np.arange(4)
    mean = np.mean([one.phi[:, at] for one in (asked, *asked.again)], axis=0)
    alone = plainly(dataclasses.replace(a, phi=np.pad(mean, ((0, 0), (0, 196)))), partner, "lira_online", at)
    np.testing.assert_allclose(plainly(asked, partner, "lira_online", at), alone, atol=1e-6)
