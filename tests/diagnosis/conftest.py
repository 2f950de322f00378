"""Evidence for the checks: one small noisy run and one easy run, recorded once, and stand-ins for cases that data do
not give.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import byheart
from byheart.base.registry import find
from byheart.diagnosis.check import Evidence

PLANTED = "label-noise=0.1,duplicates=8,near-duplicates=8,conflicting-duplicates=4,leakage=6"


@dataclasses.dataclass(frozen=True)
class Recorded:
    task: byheart.Task
    run: object
    many: object
    scores: object

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.task, self.run, self.many, self.scores)

    @property
    def watched(self) -> Evidence:
        """The same without subset models."""
        return Evidence(self.task, self.run, None, byheart.score(self.run))


def recorded(task: byheart.Task, folder) -> Recorded:
    run = byheart.record(task, out=folder / "run")
    many = byheart.record_subsets(task, models=20, out=folder / "many", jobs=1)
    return Recorded(task, run, many, byheart.score(run, many))


@pytest.fixture(scope="session")
def noisy(tmp_path_factory) -> Recorded:
    """300 digits and what was planted among them."""
    task = find("task", "digits")()
    few = dataclasses.replace(
        task, train=task.train.take(np.arange(300)), recipe=byheart.Recipe(epochs=30, batch=32, lr=0.05)
    )
    return recorded(byheart.plant(few, PLANTED, seed=0), tmp_path_factory.mktemp("noisy"))


@pytest.fixture(scope="session")
def easy(tmp_path_factory) -> Recorded:
    """Three clouds far apart: nothing to find."""
    return recorded(clouds(), tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="session")
def line(tmp_path_factory) -> Recorded:
    """A regression with two inputs of one line and some noise."""
    random = np.random.default_rng(5)
    x = random.normal(size=(180, 4)).astype(np.float32)
    y = (x[:, 0] - x[:, 1] + 0.3 * random.normal(size=180)).astype(np.float32)
    task = byheart.Task(
        (x[:90], y[:90]), (x[90:], y[90:]), recipe=byheart.Recipe(epochs=20, batch=16, lr=0.01), name="line"
    )
    return recorded(task, tmp_path_factory.mktemp("line"))


@pytest.fixture(scope="session")
def on_digits(digits, tmp_path_factory) -> Callable[[str], Evidence]:
    """Planted text -> evidence of one run on the digits with that planted, recorded once."""

    @cache
    def of(planted: str) -> Evidence:
        task = byheart.plant(digits, planted, seed=0) if planted else digits
        task = dataclasses.replace(task, recipe=byheart.Recipe(epochs=12, batch=64, lr=0.05))
        run = byheart.record(task, out=tmp_path_factory.mktemp("digits") / "run")
        return Evidence(task, run, None, scores_of(task, run))

    return of


def clouds(n: int = 120, groups: bool = False, seed: int = 3) -> byheart.Task:
    random = np.random.default_rng(seed)

    def part(size: int, first: int) -> byheart.Examples:
        y = np.arange(size) % 3
        x = random.normal(size=(size, 6)) + 8 * np.eye(6)[y]
        named = np.where(np.arange(size) % 5 == 0, "few", "most") if groups else None
        return byheart.Examples(x.astype(np.float32), y, np.arange(first, first + size), named)

    recipe = byheart.Recipe(epochs=12, batch=16, lr=0.02)
    return byheart.Task(part(n, 0), part(120, 1000), recipe=recipe, name="clouds")


class Columns:
    """A run of given arrays."""

    def __init__(self, classes: int = 3, **arrays: np.ndarray) -> None:
        self.arrays, self.classes = arrays, classes

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    @property
    def epochs(self) -> int:
        return len(next(iter(self.arrays.values())))


class Models(Columns):
    """Subset models of given arrays."""

    @property
    def models(self) -> int:
        return len(self["member"])

    @property
    def votes(self) -> np.ndarray:
        said, out = self["predicted"][:, : self["member"].shape[1]], ~self["member"]
        return np.stack([((said == k) & out).sum(0) for k in range(self.classes)], 1)

    def out_of_sample(self) -> tuple[np.ndarray, np.ndarray]:
        n = self["member"].shape[1]
        z = self["logits"][:, :n].astype(float)
        p = np.exp(z - z.max(2, keepdims=True))
        out = ~self["member"]
        return (p / p.sum(2, keepdims=True) * out[:, :, None]).sum(0) / out.sum(0)[:, None], out.sum(0)


def scores_of(task: byheart.Task, run: object = None, many: object = None, **columns: np.ndarray) -> SimpleNamespace:
    """Scores of given columns."""
    return SimpleNamespace(ids=task.train.ids, run=run, many=many, columns=columns, errors={}, intervals={}, skipped={})
