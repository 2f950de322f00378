"""What holds for every made task: the seed decides it, all of it, and nothing else does."""

import functools
import inspect
import os
import pickle
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest
from tests.data.planted import everything, same

import byheart.data.made as room
from byheart.base.registry import every, find
from byheart.runs.loop import begin, step

NAMES = (
    "bayat_bad", "bayat_classification", "bayat_good", "bayat_ugly", "coloured_mnist", "coloured_mnist_noisy",
    "coloured_mnist_ten", "coloured_mnist_varied", "long_tail", "modular_addition", "noisy", "parity",
    "polynomial", "regular", "shortcut_core", "slabs", "spiked_covariance",
)  # fmt: skip
FETCHED = {name for name in NAMES if "mnist" in name}
SMALL = {name: {"train": 500, "test": 400} for name in FETCHED}
each = pytest.mark.parametrize("name", NAMES)


@functools.cache
def made(name, seed=0):
    """The task, made once for all tests; those that need files are skipped without."""
    if name in FETCHED and "BYHEART_DATA" not in os.environ:
        pytest.skip("BYHEART_DATA is not set")
    return again(name, seed)


def again(name, seed=0):
    return find("task", name)(seed, **SMALL.get(name, {}))


def test_all_are_registered():
    modules = [import_module(f"{room.__name__}.{found.name}") for found in iter_modules(room.__path__)]
    here = {name for name, make in every("task").items() if make.__module__ in {m.__name__ for m in modules}}
    assert here == set(NAMES)


@each
def test_every_argument_has_a_default_and_the_seed_comes_first(name):
    parameters = list(inspect.signature(find("task", name)).parameters.values())
    assert parameters[0].name == "seed"
    assert all(p.default is not p.empty for p in parameters)


@each
def test_the_same_seed_makes_the_same_task(name):
    first, second = made(name), again(name)
    assert first is not second
    assert same(everything(first), everything(second))
    assert first.digests == second.digests


@each
def test_another_seed_draws_anew(name):
    a, b = everything(made(name)), everything(made(name, 1))
    drawn = "targets" if name == "bayat_ugly" else "inputs"  # its inputs are a grid and zeros
    assert not np.array_equal(a[f"train {drawn}"], b[f"train {drawn}"])
    if not name.startswith("bayat_") or name == "bayat_classification":  # their sweep is always the same
        assert not np.array_equal(a["test inputs"], b["test inputs"])


@each
def test_it_says_its_name_and_the_parts_do_not_share_rows(name):
    task = made(name)
    assert task.name == name
    assert len(task.held_out) == len(task.validation) + len(task.test)
    shared = {row.tobytes() for row in task.train.inputs} & {row.tobytes() for row in task.held_out.inputs}
    assert not shared or name in ("bayat_ugly", "noisy", "regular", "long_tail"), len(shared)


@each
def test_groups_are_set_in_every_part_or_in_none(name):
    groups = [part.groups for part in (made(name).train, made(name).validation, made(name).test)]
    if groups[0] is None:
        assert groups == [None] * 3
    else:
        assert set(groups[1]) | set(groups[2]) <= set(groups[0]) | {"majority", "minority", "conflicting"}


@each
def test_it_can_be_sent_to_workers_and_takes_a_step(name):
    task = pickle.loads(pickle.dumps(made(name)))
    assert task.digest == made(name).digest
    if task.recipe.lr is None:
        return  # a trial chooses it first
    rows = np.arange(min(64, len(task.train)))
    state = begin(task, rows, 0)
    before = [p.detach().clone() for p in state.network.parameters()]
    from torch import Generator

    state.batch = next(iter(task.batches(rows, 0, Generator().manual_seed(0))))
    step(state, (), None, 0)
    assert any(not p.equal(q) for p, q in zip(before, state.network.parameters(), strict=True))
