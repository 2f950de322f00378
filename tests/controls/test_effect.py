"""effect: the obvious loop over pairs, arms that are shared, and going on after a kill."""

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.base.seeds import spawn
from byheart.controls.drop import Drop
from byheart.controls.effect import effect, path_of
from byheart.controls.plan import Plan
from byheart.controls.stop import Stop
from byheart.runs.learner import Network


@pytest.fixture(scope="module")
def plan(few) -> Plan:
    return Plan((Drop(tuple(few.train.ids[few.truth["wrong"]].tolist()), "planted"),), few.name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("effect")


@pytest.fixture(scope="module")
def change(few, plan, folder):
    return effect(few, plan, 2, folder, seed=5, jobs=1)


def test_it_is_the_obvious_loop(few, plan, change):
    after, arms = plan.apply(few), {}
    for name, task in (("before", few), ("after", after)):
        predict = [Network().fit(task, np.arange(len(task.train)), spawn(5, "pair", k)) for k in range(2)]
        arms[name] = np.stack([p(few.test).argmax(1) == few.test.targets for p in predict]).mean()
    line = change["test_accuracy"]
    assert line.before.value == pytest.approx(arms["before"]) and line.after.value == pytest.approx(arms["after"])
    assert line.difference.value == pytest.approx(arms["after"] - arms["before"])
    assert change.examples == (200, 180) and change.lines[0] is line
    assert change["wrong_fitted"].over.startswith("seeds and the 20 labels")
    assert not line.chooses and change["validation_accuracy"].chooses


@pytest.mark.parametrize("lost", [1, 3])
def test_it_goes_on_with_the_same_numbers(few, plan, folder, change, lost):
    arms = sorted((folder / "arms").glob("*.safetensors"))
    assert len(arms) == 4
    for path in arms[:lost]:
        path.unlink()
    kept = {path: path.stat().st_mtime_ns for path in arms[lost:]}
    assert effect(few, plan, 2, folder, seed=5, jobs=1).lines == change.lines
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())


def test_killed_between_arms(few, plan, change, tmp_path, monkeypatch):
    calls, fit = [], Network.fit

    def killed(self, task, rows, seed):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(seed)
        return fit(self, task, rows, seed)

    monkeypatch.setattr(Network, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        effect(few, plan, 2, tmp_path, seed=5, jobs=1)
    monkeypatch.setattr(Network, "fit", fit)
    assert effect(few, plan, 2, tmp_path, seed=5, jobs=1).lines == change.lines
    assert calls[0] == calls[1] != calls[2]  # pairs share their seed


def test_trainings_without_a_plan_are_shared(few, folder, change):
    before = path_of(folder, few, 0).stat().st_mtime_ns
    other = effect(few, Plan((Stop(3),), few.name), 2, folder, seed=5, jobs=1)
    assert path_of(folder, few, 0).stat().st_mtime_ns == before
    assert other["test_accuracy"].before == change["test_accuracy"].before


def test_memorized_beside(few, plan, folder, change):
    found = effect(few, plan, 2, folder, seed=5, jobs=1, models=8)["memorized"]
    many = bh.record_subsets(few, 8, folder / "again", 5, jobs=1)
    scores = bh.score(bh.record(few, folder / "watched", spawn(5, "watched")), many, ["memorization"])
    assert found.before.value == (scores["memorization"] >= 0.25).mean()  # each arm: its own examples
    assert found.difference.value == found.after.value - found.before.value and "8 subset models" in found.over


def test_what_is_refused(few, plan, folder, change):
    for options in ({"seeds": 1}, {"seeds": 2, "models": 1}, {"seeds": 2, "models": -1}):
        with pytest.raises(UsageError):
            effect(few, plan, out=folder, seed=5, jobs=1, **options)
    with pytest.raises(RunError):
        effect(few, plan, 2, folder, seed=6, jobs=1)
    other = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=5))
    with pytest.raises(RunError):
        effect(other, plan, 2, folder, seed=5, jobs=1)


def test_a_damaged_arm_says_so(few, plan, folder, change):
    path = path_of(folder, few, 1)
    content = path.read_bytes()
    path.write_bytes(content[:40])
    with pytest.raises(RunError, match=path.name):
        effect(few, plan, 2, folder, seed=5, jobs=1)
    path.write_bytes(content)


def test_regression_is_in_the_base_tasks_deviations(few, tmp_path):
    part = lambda e: (e.inputs, e.targets.astype(np.float32) + np.float32(0.25))  # noqa: E731
    task = bh.Task(part(few.train), part(few.test), recipe=few.recipe)
    plan = Plan((Drop(tuple(range(50))),), task.name)
    line = effect(task, plan, 2, tmp_path, jobs=1)["test_loss"]
    after = plan.apply(task)
    losses = [
        np.square(
            (Network().fit(after, np.arange(150), spawn(0, "pair", k))(task.test)[:, 0] * after.target_scale[1]
             + after.target_scale[0] - task.test.targets) / task.target_scale[1]
        ).mean() for k in range(2)
    ]  # fmt: skip
    assert line.after.value == pytest.approx(np.mean(losses), rel=1e-4) and line.higher is False
