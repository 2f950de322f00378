"""What the README says works: its commands are understood, its Python runs, its links and targets exist."""

import re
import shlex
from pathlib import Path

import pytest

from byheart.cli.app import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"byheart (?:audit|record|score|report|ls|doctor)\b[^`\n]*", README)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_commands_are_understood():
    assert len(COMMANDS) >= 5
    for command in COMMANDS:
        words = shlex.split(command, comments=True)[1:]
        if len(words) > 1:
            app.parse_args(words, exit_on_error=False, print_error=False)


def test_options_exist():
    for words in re.findall(r"`(--[^`]+)`", README):
        app.parse_args(["audit", "digits", *shlex.split(words)], exit_on_error=False, print_error=False)


def test_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?://)([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_make_targets_exist():
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    listed = re.search(r"lists the targets: ([^.]+)\.", README)
    assert listed is not None
    assert set(re.findall(r"`([a-z-]+)`", listed[1])) | {"help"} <= made


def test_every_finding_has_its_row():
    from byheart.base.registry import every

    rows = dict(re.findall(r"^\| (MEM\d{3}) ([^|]+?) \|", README, re.MULTILINE))
    assert rows == {code: check.title for code, check in every("check").items()}


@pytest.mark.slow
def test_python_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert names["audit"].verdict.sentence in capsys.readouterr().out
    assert (tmp_path / "audit.html").stat().st_size > 100_000
    assert names["recorder"].ids.tolist() == names["task"].train.ids.tolist()
