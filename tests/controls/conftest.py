"""One small sweep that many tests read: two methods, two networks, three seeds, on digits with wrong labels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import byheart
from byheart.controls.sweep import sweep
from byheart.controls.swept import Sweep

VARY = ["dropout=0,0.4", "hidden=4,64"]


@pytest.fixture(scope="session")
def short(few) -> byheart.Task:
    """`few` with 12 epochs."""
    return dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=12))


@pytest.fixture(scope="session")
def swept(short, tmp_path_factory) -> Sweep:
    return sweep(short, VARY, 3, tmp_path_factory.mktemp("sweep"), jobs=1)


@pytest.fixture(scope="session")
def grown(short, tmp_path_factory) -> Sweep:
    """A sweep over sizes, with a learning curve."""
    return sweep(short, {"size": [25, 50, 100, "all"]}, 2, tmp_path_factory.mktemp("sizes"), jobs=1)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but those about time, and the page that prints them."""
    aside = ("timing.json", "sweep.html")
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name not in aside and p.suffix != ".time"
    }
