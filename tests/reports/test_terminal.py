from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from byheart.reports.terminal import terminal


def printed(audit, path=None, width: int = 160, **console) -> str:
    out = io.StringIO()
    Console(file=out, width=width, **console).print(terminal(audit, path))
    return out.getvalue()


@pytest.fixture(params=["pictures", "hostile", "regression", "alone"])
def any_audit(request):
    return request.getfixturevalue(request.param)


def test_it_fits_one_screen_of_100_columns(any_audit) -> None:
    lines = printed(any_audit).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 100
    assert len(lines) <= 40


def test_a_narrow_terminal_wraps(pictures) -> None:
    assert max(len(line) for line in printed(pictures, width=60).splitlines()) <= 60


def test_no_colour_code_where_there_is_no_terminal(any_audit) -> None:
    assert "\x1b" not in printed(any_audit)


def test_names_from_data_cannot_steer_the_terminal(hostile) -> None:
    coloured = printed(hostile, force_terminal=True, color_system="standard")
    plain = printed(hostile)
    import re

    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_the_verdict_comes_first_then_findings_then_the_command(pictures, written) -> None:
    path = written(pictures, "html")
    text = printed(pictures, path)
    joined = " ".join(text.split())
    assert text.startswith(pictures.verdict.word.upper())
    places = [
        text.index(pictures.verdict.word.upper()),
        text.index("test\u00a0accuracy"),
        text.index("what to do"),
        text.index("\nreport"),
        text.index("\nagain"),
    ]
    assert places == sorted(places)
    for finding in pictures.findings:
        assert f"{finding.code} {finding.title}" in text
    assert pictures.command in joined and "MB, opens offline" in text
    assert text.rstrip().splitlines()[-1].startswith("again")


def test_planted_truth_is_one_line_with_auroc_and_recall(pictures) -> None:
    joined = " ".join(printed(pictures).split())
    row = next(r for r in pictures.truth.of("wrong") if r.score == "cumulative_loss_early")
    assert f"20 wrong: AUROC {row.auroc:.2f}".replace("0.", ".") in joined


def test_what_was_not_measured_names_what_would_measure_it(alone) -> None:
    joined = " ".join(printed(alone).split())
    assert "to measure:" in joined and "record_subsets" in joined


def test_what_was_planted_is_held_against_the_finding_that_is_meant_for_it(pictures):
    meant = next(row for row in pictures.truth.findings if (row.name, row.code) == ("wrong", "MEM001"))
    wider = dataclasses.replace(meant, code="MEM010", hits=meant.hits + 5)
    truth = dataclasses.replace(pictures.truth, findings=(wider, meant))
    shown = " ".join(printed(dataclasses.replace(pictures, truth=truth)).split())
    assert "MEM001 finds" in shown and "MEM010 finds" not in shown
