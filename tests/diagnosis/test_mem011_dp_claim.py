from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart
from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem011_dp_claim import dp_claim
from byheart.privacy.dp_claim import audited, canaries_of

from .conftest import scores_of


class Claiming:
    """A run that claims an epsilon, whatever its training was."""

    def __init__(self, run: byheart.Run, epsilon: float) -> None:
        self.run, self.claims = run, {"dp_epsilon": np.array(epsilon), "dp_delta": np.array(1e-5)}

    def __contains__(self, name: str) -> bool:
        return name in self.claims or name in self.run

    def __getitem__(self, name: str) -> np.ndarray:
        return self.claims[name] if name in self.claims else self.run[name]

    def __getattr__(self, name: str):
        return getattr(self.run, name)


@pytest.fixture(scope="module")
def task(digits):
    """600 digits, 300 of them canaries, each in or out by a coin."""
    recipe = byheart.Recipe(epochs=40, batch=32, lr=0.05)
    return byheart.plant(dataclasses.replace(digits, train=digits.train.take(np.arange(600)), recipe=recipe),
                         "coin-canaries=300")  # fmt: skip


@pytest.fixture(scope="module")
def claiming(task, tmp_path_factory):
    """Epsilon -> evidence of a plain training that learned the canaries by heart and claims that epsilon."""
    run = byheart.record(task, tmp_path_factory.mktemp("claim") / "run")

    def of(epsilon: float) -> Evidence:
        return Evidence(task, Claiming(run, epsilon), None, scores_of(task, run))

    return of


def test_a_claim_that_is_not_kept_is_refuted(claiming, task):
    evidence = claiming(1.0)
    found, claim = dp_claim(evidence), audited(evidence.run, task)
    assert found is not None and found.severity == "error" and claim.audit.epsilon > 2
    assert f"epsilon is at least {claim.audit.epsilon:.2f}" in found.evidence
    assert "accountant says epsilon 1.00 at delta 1e-05" in found.evidence and "Bonferroni" in found.evidence
    assert claim.if_gaussian.bound == "f_dp_gaussian" and claim.if_gaussian.epsilon > claim.audit.epsilon
    assert f"Were it a Gaussian mechanism, {claim.if_gaussian.epsilon:.2f} would be shown" in found.evidence
    assert np.isin(found.ids, task.train.ids[task.truth["coin_canary"]]).all() and found.count > 20
    assert (np.diff(found.table["loss"]) >= 0).all()


def test_a_claim_above_the_bound_passes_as_long_as_the_ceiling_is_higher(claiming, task):
    audit = audited(claiming(1.0).run, task).audit
    assert audit.epsilon < audit.ceiling and dp_claim(claiming((audit.epsilon + audit.ceiling) / 2)) is None
    with pytest.raises(NotApplicable, match=r"guesses on 300 canaries show only 3\.\d\d: it takes about 21,997"):
        dp_claim(claiming(8.0))


def test_the_bound_for_gaussian_mechanisms_refutes_nothing(claiming, task):
    both = audited(claiming(1.0).run, task)
    between = (both.audit.epsilon + min(both.if_gaussian.epsilon, both.audit.ceiling)) / 2
    assert both.audit.epsilon < between < both.if_gaussian.epsilon and dp_claim(claiming(between)) is None


@pytest.mark.parametrize("fault", [{"surely": 0.4, "epsilon": 0.7}, {"told": 0.0}])
def test_an_audit_that_fails_its_self_check_decides_nothing(claiming, monkeypatch, fault):
    from byheart.diagnosis import mem011_dp_claim

    def faulty(run, task):
        claim = audited(run, task)
        return dataclasses.replace(claim, check=dataclasses.replace(claim.check, **fault))

    monkeypatch.setattr(mem011_dp_claim, "audited", faulty)
    with pytest.raises(NotApplicable, match=r"fails its self-check: .*do not trust this audit"):
        dp_claim(claiming(1.0))


def test_without_a_claim_or_canaries_it_says_what_to_do(claiming, task):
    evidence = claiming(1.0)
    with pytest.raises(NotApplicable, match="--method dp_sgd=8"):
        dp_claim(dataclasses.replace(evidence, run=evidence.run.run))
    bare = dataclasses.replace(task, truth={}, aside=None)
    with pytest.raises(NotApplicable, match="--plant coin-canaries=1000"):
        dp_claim(dataclasses.replace(evidence, task=bare))
    with pytest.raises(NotApplicable, match="no trajectory was recorded"):
        dp_claim(dataclasses.replace(evidence, run=None))


def test_a_private_training_passes(digits, tmp_path):
    pytest.importorskip("opacus", reason="opacus is not installed: pip install 'byheart[privacy]'")
    recipe = byheart.Recipe(epochs=5, batch=128, lr=0.5, momentum=0.0, methods=("dp_sgd=2",))
    task = byheart.plant(dataclasses.replace(digits, recipe=recipe), "coin-canaries=500")
    run = byheart.record(task, tmp_path / "run")
    evidence = Evidence(task, run, None, scores_of(task, run))
    claim = audited(run, task)
    assert dp_claim(evidence) is None and 1.9 < claim.epsilon <= 2 < claim.audit.ceiling
    low, high = np.array_split(np.argsort(claim.scores), 2)
    assert abs(claim.inserted[high].mean() - claim.inserted[low].mean()) < 0.2


def test_scores_are_the_losses_and_their_order_gives_no_coin_away(claiming, task):
    evidence = claiming(1.0)
    claim, (canaries, inserted) = audited(evidence.run, task), canaries_of(task)
    np.testing.assert_array_equal(claim.inserted, inserted)
    assert (np.diff(canaries.ids) > 0).all() and 0.3 < inserted[: len(inserted) // 2].mean() < 0.7
    assert inserted.sum() == task.truth["coin_canary"].sum() and len(canaries) == 300
    logits = evidence.run["final_logits"][task.truth["coin_canary"]].astype(np.float64)
    y = task.train.targets[task.truth["coin_canary"]]
    own = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y]
    np.testing.assert_allclose(np.sort(-claim.scores[inserted]), np.sort(own), rtol=1e-3, atol=1e-4)
