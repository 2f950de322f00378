"""One contract for every registered check, whatever it looks for."""

from __future__ import annotations

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest

import byheart
from byheart.base.errors import NotApplicable
from byheart.base.registry import every, find
from byheart.controls.sweep import sweep
from byheart.data.examples import Examples
from byheart.diagnosis.check import Check, Evidence
from byheart.diagnosis.finding import SEVERITIES, Finding

CODES = list(every("check"))
PLANTED = "label-noise=0.15,conflicting-duplicates=6,leakage=4"
OF_SHORTCUTS = ("MEM008", "MEM009")


@pytest.fixture
def evidence(code: str, request) -> Evidence:
    """Evidence in which the check of this code has something to find."""
    return request.getfixturevalue({"MEM011": "pretending"}.get(code, "cued" if code in OF_SHORTCUTS else "spoiled"))


@pytest.fixture(scope="module")
def cued(tmp_path_factory) -> Evidence:
    """Digits whose colour gives the class away in training, but for one of twenty; groups say which."""
    task = byheart.plant(find("task", "digits")(), "shortcut-colour=0.95", seed=0)
    task = dataclasses.replace(task, recipe=byheart.Recipe(epochs=20, batch=64, lr=0.05))
    run = byheart.record(task, out=tmp_path_factory.mktemp("cued") / "run")
    return Evidence(task, run, None, byheart.score(run))


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory) -> Evidence:
    """200 digits with wrong labels, copies and leaked test rows; a sweep over sizes."""
    folder, task = tmp_path_factory.mktemp("checks"), find("task", "digits")()
    few = dataclasses.replace(
        task, train=task.train.take(np.arange(200)), recipe=byheart.Recipe(epochs=40, batch=32, lr=0.05)
    )
    planted = byheart.plant(few, PLANTED, seed=1)
    run = byheart.record(planted, out=folder / "run")
    many = byheart.record_subsets(planted, models=20, out=folder / "many", jobs=1)
    sizes = sweep(planted, {"size": [20, "all"]}, 3, folder / "sweep", jobs=1)
    return Evidence(planted, run, many, byheart.score(run, many), {"sweep": sizes})


@dataclasses.dataclass(frozen=True)
class Pretending:
    """Claims that a plain training was private."""

    def fit_end(self, state) -> None:
        state.keep("dp_epsilon", np.array(0.1))
        state.keep("dp_delta", np.array(1e-5))


@pytest.fixture(scope="module")
def pretending(tmp_path_factory) -> Evidence:
    """600 digits with canaries, learned by heart, and a claim that nothing was."""
    task = find("task", "digits")()
    few = dataclasses.replace(
        task, train=task.train.take(np.arange(600)), recipe=byheart.Recipe(epochs=40, batch=32, lr=0.05)
    )
    planted = byheart.plant(few, "coin-canaries=300", seed=1)
    folder = tmp_path_factory.mktemp("pretending")
    run = byheart.record(planted, out=folder / "run", events=(Pretending(),))
    many = byheart.record_subsets(planted, models=2, out=folder / "many", jobs=1)
    return Evidence(planted, run, many, byheart.score(run))


def judged(code: str, evidence: Evidence) -> Finding | str | None:
    try:
        return find("check", code)(evidence)
    except NotApplicable as why:
        return str(why)


class Reordered:
    """The arrays of a run or of subset models with the columns of the training examples in another order."""

    def __init__(self, source, order: np.ndarray) -> None:
        self.source, self.order = source, order
        self.held = np.arange(len(order), len(order) + len(source.test_ids)) if hasattr(source, "models") else None

    def __getattr__(self, name: str):
        return getattr(self.source, name)

    def __contains__(self, name: str) -> bool:
        return name in self.source

    def __getitem__(self, name: str) -> np.ndarray:
        array = self.source[name]
        if name in ("final_logits", "features"):
            return array[self.order]
        if array.ndim > 1 and array.shape[1] == len(self.order) and not name.startswith(("test", "validation")):
            return array[:, self.order]
        if self.held is not None and array.ndim > 1:
            return array[:, np.concatenate([self.order, self.held])]
        return array

    @property
    def ids(self):
        return self.source.ids[self.order]

    @property
    def targets(self):
        return self.source.targets[self.order]

    @property
    def votes(self):
        return self.source.votes[self.order]

    def out_of_sample(self):
        mean, counts = self.source.out_of_sample()
        return mean[self.order], counts[self.order]


def reordered(evidence: Evidence, seed: int = 0) -> Evidence:
    task = evidence.task
    order = np.random.default_rng(seed).permutation(len(task.train))
    truth = {name: mask[order] for name, mask in task.truth.items()}
    moved = dataclasses.replace(task, train=task.train.take(order), truth=truth)
    run, many = Reordered(evidence.run, order), Reordered(evidence.many, order)
    columns = {name: column[order] for name, column in evidence.scores.columns.items()}
    errors = {name: column[order] for name, column in evidence.scores.errors.items()}
    scores = SimpleNamespace(ids=moved.train.ids, run=run, many=many, columns=columns, errors=errors, skipped={})
    return Evidence(moved, run, many, scores, evidence.effects)


def test_there_are_the_eleven_of_this_version():
    assert CODES == [f"MEM{k:03d}" for k in range(1, 12)]


@pytest.mark.parametrize("code", CODES)
def test_it_says_what_it_is(code):
    check = find("check", code)
    assert isinstance(check, Check)
    assert re.fullmatch(r"MEM\d{3}", check.code) and check.code == code
    assert check.title == check.title.lower()
    assert check.severity in SEVERITIES
    assert check.needs in ("data", "network", "trajectory", "subset", "both")
    assert check.finds.endswith(".") and len(check.finds) > 20


@pytest.mark.parametrize("code", CODES)
def test_a_finding_is_complete(code, evidence):
    found = judged(code, evidence)
    assert isinstance(found, Finding)  # all that these data hold was planted or overfitted
    assert (found.code, found.title, found.total) == (code, find("check", code).title, len(evidence.task.train))
    assert len(np.unique(found.ids)) == len(found.ids)
    assert np.isin(found.ids, evidence.task.train.ids).all()
    assert found.evidence.endswith(".") and re.search(r"\d", found.evidence)
    assert found.do and "byheart control" not in found.do
    assert "nan" not in found.evidence
    share, low, high = found.share
    assert low <= share <= high
    if found.count:
        assert "given" in found.table
        order = np.argsort(evidence.task.train.ids)
        rows = order[np.searchsorted(evidence.task.train.ids, found.ids, sorter=order)]
        np.testing.assert_array_equal(found.table["given"], evidence.task.train.targets[rows])


@pytest.mark.parametrize("code", CODES)
def test_the_same_evidence_gives_the_same_finding(code, evidence):
    first, second = judged(code, evidence), judged(code, dataclasses.replace(evidence))
    assert isinstance(first, Finding) and isinstance(second, Finding)
    assert first.evidence == second.evidence
    np.testing.assert_array_equal(first.ids, second.ids)


@pytest.mark.parametrize("code", CODES)
def test_order_of_the_examples_does_not_matter(code, evidence):
    here, there = judged(code, evidence), judged(code, reordered(evidence))
    assert isinstance(here, Finding) and isinstance(there, Finding)
    assert set(here.ids.tolist()) == set(there.ids.tolist())
    assert here.evidence == there.evidence


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("missing", ["run", "many", "both"])
def test_missing_evidence_is_a_reason_and_not_a_crash(code, missing, evidence):
    left = dataclasses.replace(
        evidence,
        run=None if missing != "many" else evidence.run,
        many=None if missing != "run" else evidence.many,
        scores=SimpleNamespace(ids=evidence.task.train.ids, columns={}, errors={}, skipped={}),
    )
    found = judged(code, left)
    needs = find("check", code).needs
    if needs != "data" and missing in ("both", "many" if needs == "subset" else "run"):
        assert isinstance(found, str)
    if isinstance(found, str):
        assert len(found) > 20


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_written_into_the_evidence(code, evidence):
    before = {name: column.copy() for name, column in evidence.scores.columns.items()}
    judged(code, evidence)
    for name, column in before.items():
        np.testing.assert_array_equal(evidence.scores.columns[name], column)


@pytest.mark.parametrize("code", CODES)
def test_regression_is_judged_or_declined(code):
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3)).astype(np.float32)
    part = Examples(x, x[:, 0])
    held = Examples(random.normal(size=(40, 3)).astype(np.float32), random.normal(size=40).astype(np.float32))
    task = byheart.Task(part, held, name="plane")
    scores = SimpleNamespace(ids=task.train.ids, columns={}, errors={}, skipped={})
    found = judged(code, Evidence(task, None, None, scores))
    assert found is None or isinstance(found, str)
