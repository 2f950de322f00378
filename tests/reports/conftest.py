"""Real small audits: pictures with wrong labels, a table with hostile names, regression; and one without any run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.diagnosis.audit import Audit, diagnose

HOSTILE = "</script><img src=x onerror=alert(1)>"
CSV_ID = 'row 0, "quoted"\nnext line'


def audited(task: Task, folder: Path, models: int = 8, pairs: int = 2) -> Audit:
    from byheart.runs.single import record
    from byheart.runs.subsets import record_subsets
    from byheart.runs.utility import utility
    from byheart.scores.table import score

    run = record(task, folder / "run")
    many = record_subsets(task, models, folder / "subsets", jobs=1) if models else None
    scores = score(run, many)
    effects = {}
    if pairs:
        worst = scores.ids[np.argsort(-scores["memorization"])[:10]]
        effects = {"memorized": utility(task, worst, pairs, folder / "utility", jobs=1)}
    return diagnose(scores, task, effects, command=f"byheart audit {task.name} --plant label-noise=0.1")


@pytest.fixture(scope="session")
def pictures(few: Task, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """200 digits, 20 wrong labels, 20 subset models, 2 pairs of utility."""
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=15))
    return audited(task, tmp_path_factory.mktemp("pictures"), models=20)


@pytest.fixture(scope="session")
def by_layer(pictures: Audit, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The same audit with checkpoints kept, its layers asked for the memorized examples."""
    from byheart.reports.located import kept_along, located
    from byheart.runs.single import record
    from byheart.scores.table import score

    task, folder = pictures.task, tmp_path_factory.mktemp("by_layer")
    run = record(kept_along(task), folder / "run")
    scores = score(run, pictures.scores.many, list(pictures.scores.columns), task=task)
    found = located(run, task, scores, folder)
    return diagnose(scores, task, {"location": found}, command="byheart audit few --locate")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A table of 60 wines whose task, classes, features and ids try to break out of text."""
    from byheart.base.registry import find

    wine: Task = find("task", "wine")()
    ids = np.array([CSV_ID, "=1+1", HOSTILE, "\x1b[31mred", *(f"wine {k}" for k in range(4, 60))])
    train = Examples(wine.train.inputs[:60], wine.train.targets[:60], ids)
    task = dataclasses.replace(
        wine, name=f"wine {HOSTILE}", train=train, class_names=(HOSTILE, "b & c", "d|`e`"),
        feature_names=(HOSTILE, *wine.feature_names[1:]), recipe=Recipe(epochs=8, batch=16, lr=0.1),
    )  # fmt: skip
    return audited(task, tmp_path_factory.mktemp("hostile"), models=4, pairs=0)


@pytest.fixture(scope="session")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """80 patients of the diabetes table."""
    from byheart.base.registry import find

    whole: Task = find("task", "diabetes")()
    task = dataclasses.replace(whole, train=whole.train.take(np.arange(80)), recipe=Recipe(epochs=8, batch=16, lr=0.03))
    return audited(task, tmp_path_factory.mktemp("regression"), models=4, pairs=0)


@pytest.fixture(scope="session")
def alone(few: Task, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """One run and nothing else."""
    return audited(few, tmp_path_factory.mktemp("alone"), models=0, pairs=0)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Audit, str], Path]:
    """The report of an audit by one writer, written once."""
    from byheart.base.registry import find

    made: dict[tuple[int, str], Path] = {}

    def write(audit: Audit, writer: str) -> Path:
        key = (id(audit), writer)
        if key not in made:
            made[key] = find("writer", writer)(audit, tmp_path_factory.mktemp("report") / f"audit.{writer}")
        return made[key]

    return write
