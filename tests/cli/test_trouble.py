"""Disks that are full or closed, and runs that are damaged: three lines, a code, and what was finished stays."""

import resource
import shutil
import subprocess
import sys

import pytest

import byheart
from byheart.cli.app import main


def test_a_full_disk_loses_nothing(file):
    """Files may not grow beyond 3 kB in this process, as on a full disk; afterwards the same command succeeds."""
    out = file.parent / "run"
    words = [sys.executable, "-m", "byheart", "record", f"{file}:make_task", "--out", str(out)]

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))

    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=little_room)
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "could not be written" in done.stderr
    again = subprocess.run(words, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert byheart.Run(out).epochs == 8
    assert not list(out.rglob("*.partial"))


def test_a_folder_that_cannot_be_made(shared_file, tmp_path, capsys):
    (tmp_path / "taken").write_text("a file")
    assert main(["record", f"{shared_file}:make_task", "--out", str(tmp_path / "taken" / "run")]) == 5
    said = capsys.readouterr().err
    assert "could not be written" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["run.json", "trajectory.safetensors", "examples.parquet"])
def test_a_damaged_run_is_named(name, file, capsys):
    out = file.parent / "run"
    assert main(["record", f"{file}:make_task", "--out", str(out), "--epochs", "2"]) == 0
    whole = (out / name).read_bytes()
    (out / name).write_bytes(whole[: len(whole) // 2])
    assert main(["score", str(out)]) == 3
    said = capsys.readouterr().err
    assert name in said
    assert "Traceback" not in said


def test_labels_that_cannot_be_learned(file, capsys):
    file.write_text(file.read_text().replace("(x[:, 0] + x[:, 1] > 0)", "(x[:, 0] > 99)"))
    assert main(["audit", f"{file}:make_task", "--out", str(file.parent / "run")]) == 3
    assert "All training labels are of one class" in capsys.readouterr().err
    assert not (file.parent / "run").exists()


def test_a_loss_that_is_no_number(file, capsys):
    file.write_text(file.read_text().replace("lr=0.1", "lr=1e18, clip=0"))
    assert main(["record", f"{file}:make_task", "--out", str(file.parent / "run")]) == 5
    said = capsys.readouterr().err
    assert "in epoch" in said
    assert "lower the learning rate" in said


@pytest.mark.parametrize("name", ["plan.json", "timing.json", "scores/scores.parquet", "run/timing.json"])
@pytest.mark.parametrize("content", ["[]", '{"wall_seconds": 3, "budget": "x"}'])
def test_a_damaged_file_of_an_audit_is_named_or_made_again(name, content, audited, shared_file, tmp_path, capsys):
    out = shutil.copytree(audited, tmp_path / "audit")
    (out / name).write_text(content)
    words = ["audit", f"{shared_file}:make_task", "--plant", "label-noise=0.1", "--models", "8", "--out", str(out)]
    code = main(words)
    said = capsys.readouterr().err
    assert code == (3 if name == "plan.json" else 0), said
    assert "Traceback" not in said
    assert name != "plan.json" or "plan.json is damaged" in said


@pytest.mark.parametrize("content", ["null", "[]", '{"command": "byheart audit \\""}', "{"])
def test_a_damaged_audit_is_not_reported(content, audited, tmp_path, capsys):
    out = shutil.copytree(audited, tmp_path / "audit")
    (out / "audit.json").write_text(content)
    assert main(["report", str(out)]) == 3
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--epochs", "2.5"], ["--seed", "1e3"], ["--plant", ""], ["--fail-on", "warning"]])
def test_options_that_are_nearly_right_are_refused(words, shared_file, tmp_path):
    assert main(["audit", f"{shared_file}:make_task", "--out", str(tmp_path / "run"), *words]) == 2
    assert not (tmp_path / "run").exists()


def test_a_task_file_that_leaves_says_so(file, capsys):
    file.write_text("def make_task():\n    raise SystemExit(7)\n")
    assert main(["doctor", f"{file}:make_task"]) == 3
    assert capsys.readouterr().err.count("SystemExit: 7") == 1


def test_record_can_be_begun_anew(file):
    out = str(file.parent / "run")
    assert main(["record", f"{file}:make_task", "--out", out, "--epochs", "1"]) == 0
    assert main(["record", f"{file}:make_task", "--out", out, "--epochs", "2"]) == 3
    assert main(["record", f"{file}:make_task", "--out", out, "--epochs", "2", "--fresh"]) == 0
    assert byheart.Run(out).epochs == 2


def test_an_audit_can_be_scored(audited, capsys):
    assert main(["score", str(audited)]) == 0
    assert "memorization" in capsys.readouterr().out
