"""Trainings as Ray tasks: what a node that dies takes with it, and what crosses to the others."""

from __future__ import annotations

import sys
import threading
import time

import joblib
import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import MissingExtra, RunError, TrainingFailed
from byheart.data.source import load
from byheart.runs import ray_tasks
from byheart.runs.workers import each, workers

MODELS = 32
SOURCE = """
import dataclasses
from torch import nn
from byheart.base.registry import find
from byheart.data.recipe import Recipe

def small(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, outputs))

def task():
    digits = find("task", "digits")()
    return dataclasses.replace(digits, network=small, recipe=Recipe(epochs=3, lr=0.1))
"""


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "timing.json"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_node_that_dies_costs_nothing_but_time(cluster, tmp_path, monkeypatch):
    """32 models of a user's own file on two nodes, one killed after it finished something: the bytes of one process."""
    (tmp_path / "own_task.py").write_text(SOURCE)
    monkeypatch.setattr(ray_tasks, "LARGE", 1000)  # so that the inputs cross as Ray's own read-only arrays
    task = load(f"{tmp_path / 'own_task.py'}:task")
    out, second = tmp_path / "two", cluster.second.node_id

    def where(k):  # functions of functions cross as they are: no worker can import this file
        import ray

        return k, ray.get_runtime_context().get_node_id()

    def fails(k):
        raise TrainingFailed(f"{k} failed.", "It had to.", "nothing")

    with ray_tasks.on_ray(cluster.address):
        assert workers() == 2
        ran = {}
        while set(ran.values()) != {cluster.head_node.node_id, second}:  # workers have begun on both
            ran |= dict(each(where, [(k,) for k in range(8)]))
        with pytest.raises(TrainingFailed, match="failed") as found:
            list(each(fails, [(k,) for k in range(3)]))
        assert found.value.do == "nothing"

        def kill() -> None:
            while len(list(out.glob("model-*.safetensors"))) < 6:
                time.sleep(0.02)
            cluster.remove_node(cluster.second, allow_graceful=False)
            killed.append(len(list(out.glob("model-*.safetensors"))))

        killed: list[int] = []
        killer = threading.Thread(target=kill)
        killer.start()
        many = bh.record_subsets(task, MODELS, out)
        killer.join()
    assert killed and killed[0] < MODELS, "the node was killed too late to prove anything"
    assert many.models == MODELS and len(list(out.glob("model-*.safetensors"))) == MODELS
    alone = bh.record_subsets(task, MODELS, tmp_path / "one", jobs=1)
    assert contents(out) == contents(alone.folder)


def test_large_arrays_cross_once_and_come_back_equal():
    large, small = np.arange(1 << 18, dtype=np.float64), np.arange(3)
    packed, arrays = ray_tasks.packed((large, small, {"again": large}))
    assert len(arrays) == 1 and arrays[0] is large and len(packed) < 1000
    a, b, again = ray_tasks.unpacked(packed, (large,))
    assert a is large and again["again"] is large
    np.testing.assert_array_equal(b, small)


def test_without_ray_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="scale") as found, ray_tasks.on_ray():
        pass
    assert found.value.exit_code == 4


def test_without_a_connection_nothing_is_guessed():
    with joblib.parallel_config("raytasks"), pytest.raises(RunError, match="no connection"):
        workers()
    with joblib.parallel_config("raytasks"):
        assert workers(3) == 3


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
def test_an_address_without_a_cluster_says_what_to_do(address):
    with pytest.raises(RunError, match="No Ray cluster"), ray_tasks.on_ray(address):
        pass
