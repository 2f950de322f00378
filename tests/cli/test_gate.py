import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.cli.gate import gates
from byheart.diagnosis.finding import Finding

CODES = ["MEM001", "MEM006"]


def finding(code: str, severity: str) -> Finding:
    return Finding(code, "made up", severity, np.array([1, 2]), 10, evidence="", do="")


def reasons(text: str, *findings: Finding, **measures: float) -> list[str]:
    return [reason for gate in gates(text, CODES) for reason in gate.reasons(findings, measures)]


def test_a_severity_counts_itself_and_what_is_worse():
    assert reasons("warn", finding("MEM006", "note")) == []
    assert len(reasons("warn", finding("MEM006", "warn"), finding("MEM001", "error"))) == 2


def test_a_code_counts_at_any_severity():
    assert reasons("MEM001", finding("MEM006", "error")) == []
    assert reasons("mem001", finding("MEM001", "note"))


@pytest.mark.parametrize(
    ("text", "value", "shut"),
    [
        ("memorized>5%", 0.06, True),
        ("memorized>5%", 0.05, False),
        ("memorized >= 0.05", 0.05, True),
        ("test_accuracy<.9", 0.89, True),
        ("test_accuracy<=90 %", 0.91, False),
    ],
)
def test_a_measure_is_held_against_its_limit(text, value, shut):
    name = text.split(">")[0].split("<")[0].strip()
    measure = {"memorized": "share"}.get(name, name)
    assert bool(reasons(text, **{measure: value})) is shut


def test_a_measure_that_was_not_measured_does_not_pass():
    assert reasons("memorized>5%") == ["memorized was not measured"]
    assert reasons("memorized>5%", share=float("nan")) == ["memorized was not measured"]


def test_several_conditions_are_separated_by_commas():
    assert len(reasons("MEM001, memorized>5%", finding("MEM001", "note"), share=0.5)) == 2
    assert gates(None, CODES) == gates("", CODES) == []


@pytest.mark.parametrize(
    "text", ["bad", "MEM999", "memorised>5%", "memorized", "memorized>", "memorized>x", "memorized=5%"]
)
def test_what_no_audit_could_meet_is_refused_with_what_could(text):
    with pytest.raises(UsageError, match="Severities: note, warn, error"):
        gates(text, CODES)


@pytest.mark.parametrize(("value", "shut"), [(0.021, True), (0.02, False)])
def test_hits_at_few_false_alarms_are_a_measure(value, shut):
    assert bool(reasons("tpr@0.1%>2%", **{"tpr@0.1%": value})) is shut
    assert reasons("tpr@0.1% > 2 %") == ["tpr@0.1% was not measured"]
    assert bool(reasons("attack_auc>=.6", attack_auc=0.7))


def test_a_rate_that_cannot_be_resolved_says_what_it_takes():
    (gate,) = gates("tpr@0.1%>2%", CODES)
    why = {"tpr@0.1%": "is not resolvable with 1,200 non-members, needs at least 10,000"}
    assert gate.reasons([], {}, why) == ["tpr@0.1% is not resolvable with 1,200 non-members, needs at least 10,000"]
    assert gate.reasons([], {"tpr@0.1%": 0.01}, why) == []
