"""byheart sweep, as the command line calls it."""

import json
import shlex

import joblib
import pytest

from byheart.base.errors import UsageError
from byheart.cli.sweep import sweep


@pytest.fixture(autouse=True)
def _one_worker():
    """Processes start slower than these small trainings run."""
    with joblib.parallel_config(n_jobs=1):
        yield


def called(capsys, *words, **options):
    assert sweep(*words, **options) == 0
    return capsys.readouterr()


@pytest.fixture
def source(shared_file) -> str:
    return f"{shared_file}:make_task"


def test_a_table_a_page_and_the_command_again(source, tmp_path, capsys):
    said = called(capsys, source, vary=["hidden=4,16", "dropout=0,0.3"], seeds=2, out=tmp_path / "s", seed=1)
    assert "test accuracy, %" in said.out and "chosen on validation examples" in " ".join(said.out.split())
    assert "4 settings x 2 seeds = 8 trainings" in said.err
    assert (tmp_path / "s" / "sweep.html").exists()
    again = called(capsys, source, vary=["hidden=4,16", "dropout=0,0.3"], seeds=2, out=tmp_path / "s", seed=1)
    assert "8 of them done" in again.err and again.out == said.out


def test_json_is_the_file_and_names_the_command(source, tmp_path, capsys):
    said = called(capsys, source, vary=["method=none,dropout=0.3"], seeds=1, out=tmp_path / "s", json=True)
    found = json.loads(said.out)
    assert said.out == (tmp_path / "s" / "sweep.json").read_text()
    words = shlex.split(found["command"])
    assert words[:3] == ["byheart", "sweep", source] and words[words.index("--vary") + 1] == "method=none,dropout=0.3"
    assert words[words.index("--out") + 1] == str(tmp_path / "s")


def test_options_reach_the_task(source, tmp_path, capsys):
    options = {"plant": "label-noise=0.1", "epochs": 2, "method": ["dropout=0.1"], "design": "one-at-a-time"}
    said = called(capsys, source, vary=["batch=8,16", "lr=0.1,0.2"], seeds=1, out=tmp_path / "s", json=True, **options)
    found = json.loads(said.out)
    assert found["design"] == "one-at-a-time" and len(found["settings"]) == 3
    assert all(t["epochs"] == 2 and t["wrong"] == 10 for t in found["trainings"])
    assert "--design one-at-a-time" in found["command"] and "--plant label-noise=0.1" in found["command"]


def test_fresh_forgets_what_was_there(source, tmp_path, capsys):
    options = {"vary": ["epochs=1,2"], "seeds": 1, "out": tmp_path / "s"}
    called(capsys, source, **options)
    said = called(capsys, source, fresh=True, **options)
    assert "2 trainings" in said.err and "done" not in said.err


def test_without_a_folder_one_is_named(source, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    called(capsys, source, vary=["epochs=1,2"], seeds=1)
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("shared_task-sweep-") and (folder / "sweep.json").exists()


@pytest.mark.parametrize("vary", [None, []])
def test_nothing_to_vary(source, vary):
    with pytest.raises(UsageError, match="Nothing is varied"):
        sweep(source, vary=vary)


def test_an_unknown_name_is_told_the_nearest(source):
    with pytest.raises(UsageError, match="did you mean 'dropout'"):
        sweep(source, vary=["droput=0,0.5"])
