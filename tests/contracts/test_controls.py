"""What holds for every control: its file, that nothing is changed in place, that it is done once, and undone."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.base.errors import ByheartError, DataError, UsageError
from byheart.base.registry import every, find
from byheart.base.store import digest
from byheart.controls.plan import Plan
from byheart.data.examples import Examples

ENTRIES = {
    "drop": {"ids": [0, 4, 7]},
    "relabel": {},  # filled from the task
    "reweight": {"examples": [{"id": 1, "weight": 0.25}, {"id": 3, "weight": 4.0}]},
    "deduplicate": {"sets": [{"keep": 1, "drop": [2, 3]}, {"keep": None, "drop": [8, 9]}]},
    "generate": {"kind": "mixup", "seed": 3, "examples": [{"id": 90_000, "from": 1, "with": 2, "share": 0.75}]},
    "methods": {"methods": ["dropout=0.5", "label_smoothing=0.1"]},
    "stop": {"epochs": 3},
}
NAMES = sorted(every("control"))
WITH_IDS = [name for name in NAMES if name not in ("methods", "stop")]


def test_every_control_is_held_to_this():
    assert sorted(ENTRIES) == NAMES


@pytest.fixture
def task(few):
    """`few` with ids 0 to 199 and groups."""
    train, rows = few.train, np.arange(len(few.train))
    groups = np.where(train.targets < 5, "low", "high")
    return dataclasses.replace(few, train=Examples(train.inputs, train.targets, rows, groups))


def entry_of(name, task):
    if name == "relabel":
        old = task.train.targets[[5, 6]].tolist()
        return {"examples": [{"id": i, "from": a, "to": (a + 1) % 10} for i, a in zip((5, 6), old, strict=True)]}
    return ENTRIES[name]


def plan_of(name, task) -> Plan:
    return Plan((find("control", name).read(entry_of(name, task), "because"),), task.name, "byheart control", ("mind",))


def whole(task) -> str:
    return digest(task.digest, dict(task.truth))


@pytest.mark.parametrize("name", NAMES)
def test_file_and_back(name, task, tmp_path):
    plan = plan_of(name, task)
    assert Plan.load(plan.save(tmp_path / "plan.json")) == plan
    assert (tmp_path / "plan.json").read_text() == plan.save(tmp_path / "again.json").read_text()
    assert name in str(plan) and "because" in str(plan)


@pytest.mark.parametrize("name", NAMES)
def test_a_new_task_is_made_and_the_old_one_stays(name, task):
    before, plan = whole(task), plan_of(name, task)
    changed = plan.apply(task)
    assert whole(task) == before != whole(changed)
    assert whole(plan.apply(task)) == whole(changed)
    n = len(changed.train)
    assert all(len(mask) == n for mask in changed.truth.values()) and len(changed.train.groups) == n
    assert digest(changed.test.inputs, changed.validation.inputs) == digest(task.test.inputs, task.validation.inputs)


@pytest.mark.parametrize("name", NAMES)
def test_twice_is_refused(name, task):
    plan = plan_of(name, task)
    with pytest.raises(UsageError, match="applied to this task before") as error:
        plan.apply(plan.apply(task))
    assert error.value.what.startswith(name) and error.value.do


@pytest.mark.parametrize("name", NAMES)
def test_undo_gives_the_task_back(name, task):
    plan = plan_of(name, task)
    assert whole(plan.undo(plan.apply(task), task)) == whole(task)


@pytest.mark.parametrize("name", WITH_IDS)
def test_ids_that_are_not_there(name, task):
    text = json.dumps(entry_of(name, task))
    for place in ("[0, 4, 7]", "[2, 3]", '"id": 5,', '"id": 3,', '"from": 1,'):  # the last: the source of a new example
        text = text.replace(place, place.replace(place.strip("[],")[-1], "77777"))
    entry = json.loads(text)
    with pytest.raises(UsageError, match="not among the training examples of few") as error:
        Plan((find("control", name).read(entry, ""),)).apply(task)
    assert "77777" in error.value.what


@pytest.mark.parametrize("name", NAMES)
def test_keys_that_nobody_knows_or_that_are_missing(name, task):
    kind, entry = find("control", name), entry_of(name, task)
    with pytest.raises(DataError, match="'colour' is not known"):
        kind.read(entry | {"colour": 1}, "")
    for key in entry:
        with pytest.raises(DataError, match=f"'{key}' is missing"):
            kind.read({k: v for k, v in entry.items() if k != key}, "")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_trained_on_the_new_task_is_numbers(name, task, tmp_path):
    import byheart as bh

    run = bh.record(plan_of(name, task).apply(task), tmp_path / "run")
    assert np.isfinite(run["test_loss"]).all() and run.epochs == (3 if name == "stop" else 6)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from([0, 1, 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def damaged(value, data):
    """The value with something in it replaced."""
    if isinstance(value, dict | list) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        part = damaged(value[key], data)
        return value | {key: part} if isinstance(value, dict) else [*value[:key], part, *value[key + 1 :]]
    return data.draw(JUNK)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_never_a_traceback(name, data, few, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"damaged-{name}.json"
    plan_of(name, few).save(path)
    path.write_text(json.dumps(damaged(json.loads(path.read_text()), data)))
    try:
        plan = Plan.load(path)
        plan.apply(few)
    except ByheartError as error:
        assert error.what
    else:
        assert Plan.load(plan.save(path)) == plan


@settings(max_examples=60)
@given(cut=st.integers(0, 600), noise=st.binary(max_size=4))
def test_a_torn_file(cut, noise, few, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "torn.json"
    content = plan_of("reweight", few).save(path).read_bytes()
    path.write_bytes(content[:cut] + noise + content[cut + len(noise) :])
    try:
        Plan.load(path)
    except ByheartError as error:
        assert str(path) in error.what
