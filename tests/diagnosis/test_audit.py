import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

import byheart
from byheart.base.errors import UsageError
from byheart.base.registry import every


def effect(task, value: float, se: float):
    rows = np.zeros((5, len(task.held_out)))
    return SimpleNamespace(
        utility=value,
        se=se,
        without=np.zeros(5),
        random=np.zeros(5),
        ids=task.train.ids[:30],
        metric="accuracy",
        within=lambda rows_: (value, se),
        rows_without=rows,
        rows_random=rows,
    )


@pytest.fixture(scope="module")
def audit(noisy):
    return byheart.diagnose(noisy.scores, noisy.task, effect(noisy.task, -0.05, 0.01), command="byheart audit digits")


def test_every_check_found_passed_or_was_skipped(audit):
    found = {f.code for f in audit.findings}
    assert found | set(audit.passed) | set(audit.skipped) == set(every("check"))
    assert {"MEM001", "MEM002", "MEM005", "MEM006"} <= found
    assert audit.command == "byheart audit digits"
    assert audit["MEM001"].code == "MEM001"


def test_noise_is_ugly_and_clouds_are_not(audit, noisy, easy):
    measures = audit.measures
    assert measures["utility"].value == -0.05
    assert audit.verdict.word == ("ugly" if measures["drop"].least > 0 else "undecided")
    clean = byheart.diagnose(easy.scores, easy.task)
    assert clean.verdict.word == "none"
    assert clean.findings == ()


def test_planted_truth_is_held_against_it(audit, easy):
    meant = {row.name: row for row in audit.truth.meant}
    assert {"wrong", "duplicate", "leaked"} <= set(meant)
    assert meant["leaked"].recall == 1
    assert byheart.diagnose(easy.scores, easy.task).truth is None


def test_effects_may_be_named(noisy):
    found = byheart.diagnose(noisy.scores, noisy.task, {"memorized": effect(noisy.task, 0.2, 0.01)})
    assert found.measures["utility"].value == 0.2


def test_without_models_it_says_what_is_missing(noisy):
    found = byheart.diagnose(byheart.score(noisy.run), noisy.task)
    assert "subset models" in found.skipped["MEM003"]
    assert found.verdict.word == "undecided"
    assert "settle" in found.verdict.sentence


def test_scores_of_another_task_are_refused(noisy, easy):
    with pytest.raises(UsageError, match="the task has"):
        byheart.diagnose(noisy.scores, easy.task)


def test_a_missing_finding_says_why(easy):
    found = byheart.diagnose(easy.scores, easy.task)
    with pytest.raises(UsageError, match="found nothing"):
        found["MEM001"]
    with pytest.raises(UsageError, match="no such check"):
        found["MEM999"]


def test_reports_need_a_known_ending(audit, tmp_path):
    with pytest.raises(UsageError, match=r"\.html"):
        audit.report(tmp_path / "audit.pdf")


def test_reports_are_written_by_ending(audit, tmp_path, monkeypatch):
    import byheart.diagnosis.audit as room

    monkeypatch.setattr(room, "find", lambda kind, name: lambda found, path: path.write_text(f"{kind} {name}") and path)
    assert audit.report(tmp_path / "a.json").read_text() == "writer json"


def test_it_fits_a_line(audit):
    assert "\n" not in repr(audit)
    assert audit.verdict.word in repr(audit)
    assert audit.examples is audit.scores


def test_diagnose_never_trains(noisy, monkeypatch):
    import torch

    from byheart.runs import loop

    def refuse(*_, **__):
        raise AssertionError("diagnose trained a network")

    monkeypatch.setattr(loop, "_fit", refuse)
    monkeypatch.setattr(torch.Tensor, "backward", refuse)
    byheart.diagnose(noisy.scores, noisy.task)


def test_it_is_frozen(audit):
    with pytest.raises(dataclasses.FrozenInstanceError):
        audit.command = "other"
