import json

import pytest

from byheart.base.registry import every
from byheart.base.store import write_json
from byheart.cli.app import main


@pytest.mark.parametrize("kind", ["tasks", "networks", "plants", "scores", "checks"])
def test_everything_registered_is_listed_and_described(kind, capsys):
    assert main(["ls", kind, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(every(kind.removesuffix("s")))
    assert rows
    assert all(value for row in rows for value in row.values()), rows


def test_the_table_has_the_same_rows(capsys):
    main(["ls", "tasks"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:] if line[:1].strip()] == list(every("task"))


def test_runs_of_a_folder(tmp_path, capsys):
    write_json(
        tmp_path / "a" / "run" / "run.json",
        {"format": "byheart", "kind": "run", "task": "digits", "seed": 3, "done": True},
    )
    write_json(
        tmp_path / "b" / "run.json",
        {"format": "byheart", "kind": "subsets", "task": "digits", "seed": 3, "done": False},
    )
    write_json(tmp_path / "c" / "run.json", {"somebody": "else"})
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "run.json").write_text('{"format": "bihe')
    assert main(["ls", "runs", str(tmp_path), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == ["a/run", "b", "d"]
    assert (rows["a/run"]["done"], rows["b"]["done"]) == ("yes", "no")
    assert "JSON" in rows["d"]["done"]


def test_no_runs_and_no_folder(tmp_path, capsys):
    assert main(["ls", "runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["ls", "runs", str(tmp_path / "none")]) == 3
