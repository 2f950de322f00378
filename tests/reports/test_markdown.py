from __future__ import annotations

import pytest

from byheart.reports.markdown import escaped


def test_verdict_findings_and_evidence_are_there(pictures, written) -> None:
    text = written(pictures, "markdown").read_text()
    assert text.startswith(f"# few: {pictures.verdict.title}\n")
    for finding in pictures.findings:
        assert f"| {finding.code} {finding.title} |" in text
    for measure in pictures.verdict.evidence:
        assert measure.shown in text


def test_each_table_has_as_many_cells_in_every_line(hostile, written) -> None:
    for block in written(hostile, "markdown").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in lines}) <= 1


@pytest.mark.parametrize("text", ["<img onerror=x>", "a|b", "*bold*", "[link](x)", "# head", "`a` | <b>"])
def test_names_from_data_mean_nothing_in_markdown(text) -> None:
    made = escaped(text)
    assert all(made[at - 1] == "\\" for at, c in enumerate(made) if c in "<>|")
