"""A task file as a person would write it, and one recording and one audit of it for all tests to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from byheart.cli.app import main

TASK = """
import numpy as np
import byheart

def make_task():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 6)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    recipe = byheart.Recipe(epochs=8, batch=16, lr=0.1)
    return byheart.Task((x[:100], y[:100]), (x[100:], y[100:]), recipe=recipe)

def breaks():
    return inner()

def inner():
    raise RuntimeError("my own mistake")
"""


def written(folder: Path, name: str) -> Iterator[Path]:
    """The task file under a module name of its own, forgotten afterwards."""
    path, before = folder / f"{name}.py", [*sys.path]
    path.write_text(TASK)
    yield path
    sys.modules.pop(name, None)
    sys.path[:] = before


@pytest.fixture(autouse=True)
def _as_in_a_pipe(monkeypatch) -> None:
    """Whatever runs the tests may claim a narrow terminal; none is asked for here."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def file(tmp_path, request) -> Iterator[Path]:
    """A task file for one test, to be changed at will."""
    yield from written(tmp_path, f"own_{abs(hash(request.node.nodeid))}")


@pytest.fixture(scope="session")
def shared_file(tmp_path_factory) -> Iterator[Path]:
    """A task file that nobody changes."""
    yield from written(tmp_path_factory.mktemp("task"), "shared_task")


@pytest.fixture(scope="session")
def recorded(shared_file) -> Path:
    """Folder of a recorded run with eight subset models."""
    out = shared_file.parent / "recorded"
    assert main(["record", f"{shared_file}:make_task", "--out", str(out), "--models", "8"]) == 0
    return out


@pytest.fixture(scope="session")
def audited(shared_file) -> Path:
    """Folder of a finished audit with planted label noise."""
    out = shared_file.parent / "audited"
    words = ["audit", f"{shared_file}:make_task", "--plant", "label-noise=0.1", "--models", "8", "--out", str(out)]
    assert main(words) == 0
    return out
