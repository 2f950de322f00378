"""One small sweep that many tests read: two methods, two networks, three seeds, on digits with wrong labels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import byheart
from byheart.controls.sweep import sweep
from byheart.controls.swept import Sweep
from byheart.data.examples import Examples
from byheart.diagnosis.audit import Audit
from byheart.diagnosis.verdict import Verdict

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


@pytest.fixture(scope="session")
def judged(few, tmp_path_factory) -> Audit:
    """An audit of `few` with copies beside its wrong labels, groups, and eight subset models."""

    def grouped(part: Examples) -> Examples:
        return dataclasses.replace(part, groups=np.where(part.targets < 5, "low", "high"))

    recipe = dataclasses.replace(few.recipe, epochs=15)
    task = byheart.plant(dataclasses.replace(few, recipe=recipe), "duplicates=6,conflicting-duplicates=3", seed=0)
    task = dataclasses.replace(task, **{part: grouped(getattr(task, part)) for part in ("train", "validation", "test")})
    folder = tmp_path_factory.mktemp("judged")
    run, many = byheart.record(task, folder / "run"), byheart.record_subsets(task, 8, folder / "subsets", jobs=1)
    return byheart.diagnose(byheart.score(run, many, ["memorization", "held_out_label_probability"]), task)


@pytest.fixture(scope="session")
def bad(judged) -> Audit:
    """The same audit, had the verdict been bad."""
    return dataclasses.replace(judged, verdict=Verdict("bad", "", "The network answers from a shortcut."))


@pytest.fixture(scope="session")
def table() -> byheart.Task:
    """Ten examples of three columns, the last one 0 or 1; two named classes; groups; ids 0 to 9."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(0, 3, 20), rng.normal(5, 1, 20), np.arange(20) % 2]).astype(np.float32)
    y, groups = np.arange(20) % 4 // 2, np.where(np.arange(20) % 5 < 2, "low", "high")
    train, test = (Examples(x[rows], y[rows], None, groups[rows]) for rows in (slice(0, 10), slice(10, 20)))
    return byheart.Task(train, test, class_names=("cat", "dog"), name="table", recipe=byheart.Recipe(epochs=4, lr=0.1))
