from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import byheart
from byheart.base.errors import NotApplicable
from byheart.privacy import dp_claim
from byheart.privacy.dp_audit import OneRunAudit
from byheart.privacy.dp_check import DpCheck
from byheart.reports import dp

SOUND, FAULTY = DpCheck(0.0, 0.0, 5.0, 5.0), DpCheck(0.4, 0.2, 5.0, 5.0)


def made(monkeypatch, epsilon: float, bound: float | None, ceiling: float = 5.0, check: DpCheck = SOUND) -> Any:
    """An audit whose run claims `epsilon`, and whose canaries show `bound`, or are missing."""
    one = OneRunAudit(bound or 0.0, ceiling, 1000, 100, 90, 1e-5, 0.05, "the best of 2 shares")
    gaussian = dataclasses.replace(one, epsilon=3.25, ceiling=9.5, bound="f_dp_gaussian")

    def audited(run, task):
        if bound is None:
            raise NotApplicable("there are no 20 canaries")
        return dp_claim.Claim(epsilon, 1e-5, one, gaussian, check, np.zeros(2), np.array([True, False]))

    monkeypatch.setattr(dp_claim, "audited", audited)
    run = {"dp_epsilon": np.array(epsilon), "dp_delta": np.array(1e-5)}
    return SimpleNamespace(scores=SimpleNamespace(run=run), task=None)


@pytest.mark.parametrize(("epsilon", "bound", "says"), [
    (1.0, 2.0, "This refutes the claim (MEM011)."), (4.0, 2.0, "This does not contradict the claim."),
    (8.0, 0.0, "So few canaries cannot refute the claim."),
    (8.0, None, "It was not audited: there are no 20 canaries."),
])  # fmt: skip
def test_the_accountants_epsilon_stands_beside_the_audited_one(monkeypatch, epsilon, bound, says):
    found = dp.notes(made(monkeypatch, epsilon, bound))
    assert len(found) == (2 if bound is None else 4) and says in found[0]
    assert f"the accountant says epsilon {epsilon:.2f} at delta 1e-05" in found[0]
    (line,) = dp.lines(made(monkeypatch, epsilon, bound))
    if bound is not None:
        assert "Were the mechanism Gaussian, the same canaries would show at least 3.25 and could show 9.50" in found[2]
        assert "(were the mechanism Gaussian, 3.25 and 9.50)" in line
        assert "5.00" in found[0] and f"1,000 canaries show at least {bound:.2f} and could show 5.00" in line
    else:
        assert "was not audited: there are no 20 canaries" in line
    if bound == 0.0:
        assert "no proof of privacy" in found[0]


def test_the_bound_for_gaussian_mechanisms_decides_nothing(monkeypatch):
    """3.25 is above the claim of 3, and the bound that holds for any mechanism is not."""
    audit = made(monkeypatch, 3.0, 2.0)
    assert "does not contradict" in dp.notes(audit)[0] and "it alone decides" in dp.notes(audit)[2]
    told = dp.content(audit)
    assert told is not None and told["audited"].bound == "one_run"
    assert told["audited_if_gaussian"].epsilon == 3.25 and told["audited_if_gaussian"].bound == "f_dp_gaussian"


@pytest.mark.parametrize(("check", "says", "trusted"), [
    (SOUND, "with the coins tossed anew the same audit shows 0.00, and 5.00 where the canaries tell", True),
    (FAULTY, "shows 0.40, where no training has seen these coins: do not trust this audit", False),
])  # fmt: skip
def test_page_terminal_and_json_tell_what_became_of_coins_tossed_anew(monkeypatch, check, says, trusted):
    audit = made(monkeypatch, 4.0, 2.0, check=check)
    assert ("This decides nothing: the audit fails its self-check." in dp.notes(audit)[0]) is not trusted
    for text in (dp.notes(audit)[1], dp.lines(audit)[0]):
        assert f"Self-check: {'' if trusted else 'with the coins tossed anew the same audit '}{says}" in text
        assert ("as it should." in text) is trusted
    told = dp.content(audit)
    assert told is not None and told["self_check"] == check and told["clean"] is trusted and told["sharp"]


def test_without_a_claim_nothing_is_said():
    for run in (None, {}):
        audit: Any = SimpleNamespace(scores=SimpleNamespace(run=run), task=None)
        assert dp.notes(audit) == dp.lines(audit) == [] and dp.content(audit) is None


@pytest.mark.slow
def test_a_whole_audit_shows_it(digits, tmp_path):
    pytest.importorskip("opacus", reason="opacus is not installed: pip install 'byheart[privacy]'")
    recipe = byheart.Recipe(epochs=2, batch=128, lr=0.5, momentum=0.0, methods=("dp_sgd=2",))
    few = dataclasses.replace(digits, train=digits.train.take(np.arange(1000)), recipe=recipe)
    task = byheart.plant(few, "coin-canaries=500")
    found = byheart.audit(task, tmp_path / "audit", models=0, pairs=0, privacy=True)
    assert "MEM011" in found.passed
    known = json.loads((tmp_path / "audit" / "audit.json").read_text())["privacy"]["dp"]
    assert 1.9 < known["epsilon"] <= 2 and known["audited"]["ceiling"] > 2 and known["audited"]["canaries"] == 500
    assert known["audited_if_gaussian"]["ceiling"] > known["audited"]["ceiling"]
    assert known["clean"] and known["sharp"] and known["self_check"]["told"] > 2
    assert "the accountant says epsilon" in (tmp_path / "audit" / "audit.html").read_text()
