import numpy as np
import pytest

from byheart.base import registry
from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Check, Evidence, check

from .conftest import Columns, Models, clouds, scores_of


def test_a_function_becomes_a_check_under_its_code(monkeypatch):
    monkeypatch.setitem(registry._tables, "check", dict(registry.every("check")))

    @check("MEM998", title="nothing", severity="note", needs="subset")
    def nothing(evidence: Evidence) -> None:
        """Finds nothing."""

    assert isinstance(nothing, Check)
    assert registry.find("check", "MEM998") is nothing
    assert nothing.finds == "Finds nothing."
    task = clouds()
    with pytest.raises(NotApplicable, match="subset models"):
        nothing(Evidence(task, None, None, scores_of(task)))
    assert nothing(Evidence(task, None, Models(member=np.zeros((2, 120), bool)), scores_of(task))) is None


def test_a_missing_score_says_why():
    task = clouds()
    scores = scores_of(task, aum=np.zeros(120))
    scores.skipped["memorization"] = "no models were trained"
    evidence = Evidence(task, None, None, scores)
    assert evidence.column("aum").shape == (120,)
    with pytest.raises(NotApplicable, match="no models were trained"):
        evidence.column("memorization")
    assert np.isnan(evidence.optional("memorization")).all()
    assert np.isnan(evidence.errors("aum")).all()


def test_only_models_without_the_example_vote():
    task = clouds()
    member = np.zeros((4, 120), bool)
    member[:2, 0] = True
    member[:, 1] = True
    predicted = np.zeros((4, 125), int)
    predicted[2:, 0] = [1, 2]
    logits = np.zeros((4, 125, 3))
    logits[2:, 0, 1] = 50
    many = Models(member=member, predicted=predicted, logits=logits)
    evidence = Evidence(task, Columns(), many, scores_of(task))
    assert evidence.votes[0].tolist() == [0, 1, 1]
    assert evidence.votes[1].tolist() == [0, 0, 0]
    with np.errstate(invalid="ignore"):
        belief = evidence.belief
    assert belief[0] == pytest.approx([0, 1, 0])
    assert np.isnan(belief[1]).all()


def test_belief_needs_models_and_classes(line):
    task = clouds()
    for name in ("votes", "belief"):
        with pytest.raises(NotApplicable, match="subset models"):
            getattr(Evidence(task, None, None, scores_of(task)), name)
        with pytest.raises(NotApplicable, match="numbers"):
            getattr(line.evidence, name)
