"""The command as a whole: help, versions, and what an error looks like."""

import inspect
import os
import shlex
import signal
import subprocess
import sys

import docstring_parser
import pytest

import byheart
from byheart.base import errors
from byheart.cli import app as front
from byheart.cli.app import app, main

COMMANDS = ["audit", "record", "score", "report", "ls", "doctor"]


def fails_with(monkeypatch, error: BaseException, *words: str) -> int:
    """Run `byheart ls tasks` where the look-up raises `error`."""

    def broken(kind):
        raise error

    monkeypatch.setattr("byheart.base.registry.every", broken)
    return main(["ls", "tasks", *words])


def test_help_names_every_command_and_a_way_to_begin(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)
    assert "byheart audit digits --plant label-noise=0.1" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command, capsys):
    function = app[command].default_command
    described = {p.arg_name: p.description for p in docstring_parser.parse(function.__doc__).params}
    assert set(described) == set(inspect.signature(function).parameters)
    assert main([command, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert all(text.split(",")[0].split("\n")[0] in shown for text in described.values())


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == byheart.__version__


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["adit"], 'Did you mean "audit"?'),
        (["audit"], "SOURCE"),
        (["audit", "digits", "--sed", "3"], "--seed"),
        (["audit", "digits", "--seed", "three"], "three"),
        (["ls", "task"], '"tasks"'),
        (["record", "digits"], "--out"),
    ],
)
def test_a_mistake_in_the_words_is_code_2_with_what_was_meant(words, expected, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert expected in said.err
    assert "Traceback" not in said.err
    assert "--help" in said.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.DataError, 3),
        (errors.RunError, 3),
        (errors.MissingExtra, 4),
        (errors.TrainingFailed, 5),
        (errors.StorageError, 5),
    ],
)
def test_an_error_has_three_lines_and_its_code(kind, code, monkeypatch, capsys):
    assert fails_with(monkeypatch, kind("This broke.", "For a reason.", "repair it")) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error  This broke.\nwhy    For a reason.\ndo     repair it\n"


def test_verbose_adds_the_traceback(monkeypatch, capsys):
    fails_with(monkeypatch, errors.RunError("This broke."), "-v")
    assert "Traceback" in capsys.readouterr().err


def test_a_mistake_of_ours_is_neither_a_finding_nor_theirs(monkeypatch, capsys):
    assert fails_with(monkeypatch, ZeroDivisionError("division by zero")) == front.BROKEN
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ZeroDivisionError: division by zero" in said.split("error  ")[-1]
    assert "a mistake in byheart" in said


def test_interruption_is_code_130_and_says_how_to_go_on(monkeypatch, capsys):
    assert fails_with(monkeypatch, KeyboardInterrupt()) == 130
    assert "go on with the same command: byheart ls tasks" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error():
    both = f"{sys.executable} -m byheart --help | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", both], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_and_the_module_are_the_same():
    """`python -m byheart` hands its exit code on."""
    done = subprocess.run([sys.executable, "-m", "byheart", "adit"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error  ")


def test_output_is_plain_where_there_is_no_terminal():
    done = subprocess.run([sys.executable, "-m", "byheart", "ls", "networks"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "\033" not in done.stdout + done.stderr


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups to interrupt")
def test_ctrl_c_in_the_middle_of_a_training(file):
    """A real signal to a real process: code 130, no traceback, and the folder can be gone on with."""
    words = ["record", f"{file.name}:make_task", "--out", "run", "--epochs", "100000"]
    child = subprocess.Popen(
        [sys.executable, "-m", "byheart", *words], cwd=file.parent,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's job in the background ignores it
    )  # fmt: skip
    try:
        while not (file.parent / "run" / "run.json").exists():
            assert child.poll() is None, child.communicate()
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert f"go on with the same command: byheart {shlex.join(words)}" in said
