"""From words to a task, and whose traceback is shown when that fails."""

import pytest

from byheart.base.errors import DataError, UsageError
from byheart.cli.app import main
from byheart.cli.source import task_of


def test_a_function_in_a_file(file):
    task = task_of(f"{file}:make_task", network="mlp", epochs=3)
    assert (len(task.train), task.recipe.epochs, task.network) == (100, 3, "mlp")
    assert task.name == file.stem
    assert task.origin is not None


def test_planting_notes_the_truth(file):
    task = task_of(f"{file}:make_task", plant="label-noise=0.25")
    assert task.truth["wrong"].sum() == 25


def test_unknown_names_are_refused_before_data_are_read(file, capsys):
    file.write_text("raise SystemError('was read')")
    with pytest.raises(UsageError, match="did you mean 'mlp'"):
        task_of(f"{file}:make_task", network="mpl")


def test_a_file_that_raises_shows_its_own_traceback_once(file, capsys):
    with pytest.raises(DataError, match="raised RuntimeError"):
        task_of(f"{file}:breaks")
    said = capsys.readouterr().err
    assert said.count("Traceback") == 1
    assert said.count("my own mistake") == 2  # the line of code, and the error
    assert 'File "' in said
    assert said.count('File "') == 2  # breaks and inner; nothing of ours


def test_a_file_that_cannot_be_imported(file, capsys):
    file.write_text("def make_task(:\n")
    assert main(["record", f"{file}:make_task", "--out", str(file.parent / "run")]) == 3
    said = capsys.readouterr().err
    assert said.count("SyntaxError") == 2  # Python's own, and ours
    assert not (file.parent / "run").exists()


@pytest.mark.parametrize("source", ["digit", "nothing.py:make_task", "nothing.csv:label", "x.py"])
def test_what_does_not_exist_is_usage(source, capsys):
    assert main(["record", source, "--out", "never"]) == 2
    assert "Traceback" not in capsys.readouterr().err
