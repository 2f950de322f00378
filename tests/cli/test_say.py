import json

import numpy as np

from byheart.cli import say


def test_json_has_no_number_that_json_has_not(capsys):
    say.as_json({"a": np.array([1.5, np.nan]), "b": np.int64(3), "c": float("inf"), "d": ("x", True, None)})
    assert json.loads(capsys.readouterr().out) == {"a": [1.5, None], "b": 3, "c": None, "d": ["x", True, None]}


def test_cells_are_text_and_not_markup(capsys):
    say.table(["name"], [["[red]not a colour[/red]"]])
    assert "[red]not a colour[/red]" in capsys.readouterr().out


def test_a_pipe_gets_wide_lines(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    say.table(["a", "b"], [["x" * 70, "y" * 70]])
    assert len(capsys.readouterr().out.splitlines()) == 2
