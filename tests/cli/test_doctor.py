import errno
import json
import os

from byheart.cli.app import main


def test_versions_machine_data_and_disk(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BYHEART_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    assert main(["doctor", "--json"]) == 0
    found = {line["what"]: line["found"] for line in json.loads(capsys.readouterr().out)}
    assert list(found) == ["versions", "machine", "data", "disk"]
    assert "torch" in found["versions"]
    assert found["data"].endswith(": mnist")
    assert os.listdir(tmp_path) == ["mnist"]


def test_a_task_is_tried_and_its_scores_are_listed(shared_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", f"{shared_file}:make_task"]) == 0
    shown = capsys.readouterr().out
    assert "100 train, 60 held out, inputs (6,), 2 classes" in shown
    assert "64 examples trained for 2 epochs" in shown
    assert "cumulative_loss" in shown
    assert "memorization" in shown
    assert os.listdir(tmp_path) == []


def test_what_is_wrong_is_a_line_and_a_code(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BYHEART_DATA", str(tmp_path / "none"))
    assert main(["doctor", "digit"]) == 5
    shown = capsys.readouterr().out
    assert shown.count("\nno ") == 2
    assert "BYHEART_DATA" in shown
    assert "did you mean 'digits'" in shown


def test_a_network_that_does_not_fit_is_found_before_training(file, capsys):
    file.write_text(file.read_text().replace("recipe=recipe", "recipe=recipe, network=wrong") + WRONG)
    assert main(["doctor", f"{file}:make_task"]) == 5
    assert "2 are needed" in capsys.readouterr().out


WRONG = """

def wrong():
    import torch
    return torch.nn.Linear(6, 3)
"""


def test_a_read_only_disk(tmp_path, monkeypatch, capsys):
    def refused(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    assert main(["doctor"]) == 5
    assert "cannot be written to. Read-only file system." in capsys.readouterr().out
