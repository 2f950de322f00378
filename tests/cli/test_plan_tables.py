"""Advice as a table: nothing is cut on a narrow screen, and every plan says how it was judged."""

import pytest

from byheart.cli.plan_tables import PLAN, show_advice
from byheart.controls.advise import Advice
from byheart.controls.candidates import CLASSES_ONLY, FOR_GROUPS, FOR_SHORTCUTS, REGULARIZERS
from byheart.controls.change import Change, Line
from byheart.controls.drop import Drop
from byheart.controls.methods import Methods
from byheart.controls.plan import Plan
from byheart.diagnosis.uncertainty import Interval

METHODS = (*REGULARIZERS, *CLASSES_ONLY, *FOR_GROUPS, *FOR_SHORTCUTS)


def line(name: str, low: float, high: float) -> Line:
    found = Interval((low + high) / 2, low, high)
    return Line(name, found, found, found, "share", True, "rows", name != "test_accuracy")


def measured(text: str) -> Advice:
    chose, test = line("worst_group_validation", -0.05, 0.15), line("test_accuracy", -0.125, 0.0)
    plan = Plan((Methods((text,)),))
    return Advice(plan, "no gain shown", 1.0, Change(plan, "few", (test, chose), 3, (10, 10)), chose)


RANKED = [
    *map(measured, METHODS),
    Advice(Plan((Drop((1, 2)),)), "not measured", 9.0, why="it takes about 9 s, too long"),
]


@pytest.mark.parametrize("width", [60, 80, 160])
def test_nothing_is_cut(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    show_advice(RANKED, 3)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width and "\u2026" not in out
    words = out.split()
    assert all(text in words for text in METHODS) and max(map(len, METHODS)) <= PLAN
    assert words.count("[-5.0,") == words.count("+15.0]") == words.count("[-12.5,") == len(METHODS)


def test_ranks_and_reasons(capsys):
    show_advice(RANKED, 3)
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert "gain in worst group validation" in lines[0] and "gain in test accuracy" in lines[0]
    assert f"{len(METHODS)}. no gain shown" in said.out and "+5.0 [-5.0, +15.0]" in lines[1]
    assert lines[-1].split("  ")[0] == "not measured" and lines[-1].endswith("it takes about 9 s, too long")
    assert "3 pairs each" in said.err and "test examples only report" in said.err


def test_when_nothing_was_measured_there_is_one_table(capsys):
    show_advice(RANKED[-1:], 2)
    assert "gain" not in capsys.readouterr().out
