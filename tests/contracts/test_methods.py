"""What every registered method keeps to, whatever it does."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.base.registry import every, find
from byheart.data.examples import Examples
from byheart.runs.learner import Network
from byheart.runs.named import named_event
from byheart.runs.single import record
from byheart.runs.subsets import record_subsets

# arguments that make a method cheap here, or that it cannot do without; others are made with their defaults
CHEAP: dict[str, str] = {}
EXTRA = {"dp_sgd": "opacus"}  # what a method needs that not everybody has


def events() -> list[Any]:
    return [pytest.param(CHEAP.get(name, name), marks=without(EXTRA.get(name))) for name in every("method")]


def without(package: str | None) -> Any:
    missing = package is not None and find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed")


@pytest.fixture(scope="module")
def grouped(few):
    """The 200 digits with two groups in every part, and little training."""

    def of(part: Examples) -> Examples:
        return Examples(part.inputs, part.targets, part.ids, np.where(part.targets < 5, "low", "high"))

    return dataclasses.replace(
        few, train=of(few.train), validation=of(few.validation), test=of(few.test), truth={},
        recipe=dataclasses.replace(few.recipe, epochs=4),
    )  # fmt: skip


def with_method(task, name: str):
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=(name,)))


@pytest.mark.parametrize("name", every("method"))
def test_it_says_what_a_reader_must_know(name):
    spec = find("method", name)
    assert spec.does.endswith(".") and spec.source and spec.event.__dataclass_params__.frozen
    assert spec.clock in ("online", "eval")


@pytest.mark.parametrize("text", events())
def test_it_is_named_in_the_digest_by_its_fields(text):
    assert named_event(text) == named_event(text) or text  # equal, or it holds arrays
    with pytest.raises(UsageError, match="its arguments are"):
        find("method", text.partition("(")[0].partition("=")[0])(no_such_argument=1)


@pytest.mark.parametrize("text", events())
def test_the_same_training_twice_gives_the_same_bytes(text, grouped, tmp_path):
    task = with_method(grouped, text)
    first, second = (record(task, tmp_path / k) for k in "ab")
    for file in ("network.safetensors", "trajectory.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert np.isfinite(first["final_test_logits"]).all() and np.array_equal(first.targets, grouped.train.targets)
    assert first.clock == find("method", text.partition("(")[0].partition("=")[0]).clock == second.clock


@pytest.mark.parametrize("text", events())
def test_the_recorded_network_predicts_what_was_recorded(text, grouped, tmp_path):
    from byheart.runs.loop import outputs

    task = with_method(grouped, text)
    run = record(task, tmp_path / "run")
    assert np.allclose(outputs(task, run.network(task), task.test), run["final_test_logits"], atol=1e-6)


@pytest.mark.parametrize("text", events())
def test_a_killed_training_goes_on_with_the_same_bytes(text, grouped, tmp_path, monkeypatch):
    import byheart.runs.single as single

    monkeypatch.setattr(single, "SAVE_EVERY", 0.0)
    task = with_method(grouped, text)
    record(task, tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(path, arrays, write=single.write_arrays):
        write(path, arrays)
        if path.name == single.STATE and int(arrays["epoch"]) == 2:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(single, "write_arrays", kill)
        record(task, tmp_path / "killed")
    record(task, tmp_path / "killed")
    for file in ("network.safetensors", "trajectory.safetensors"):
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


@pytest.mark.parametrize("text", events())
def test_it_works_on_a_part_of_the_examples(text, grouped, tmp_path):
    many = record_subsets(with_method(grouped, text), 2, tmp_path / "many", jobs=1)
    assert np.isfinite(many["loss"]).all()


@pytest.mark.parametrize("text", events())
def test_it_leaves_no_hook_behind_after_an_error(text, grouped):
    from byheart.runs.loop import begin, events_of, fit, one_thread

    @dataclasses.dataclass(frozen=True)
    class Failing:
        def losses(self, state) -> None:
            raise ZeroDivisionError

    task = with_method(grouped, text)
    with one_thread(), pytest.raises(ZeroDivisionError):
        state = begin(task, np.arange(len(task.train)), 0)
        fit(state, [*events_of(task), Failing()])
    assert not state.hooks and not any(m._forward_hooks or m._forward_pre_hooks for m in state.network.modules())


@pytest.mark.parametrize("text", events())
def test_a_learner_with_it_answers(text, grouped):
    predict = Network().fit(with_method(grouped, text), np.arange(150), 3)
    assert predict(grouped.test).shape == (len(grouped.test), 10)
