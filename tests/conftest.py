"""What every test starts from: one thread, no progress, a small task on real digits."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import tempfile

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE", BYHEART_PROGRESS="0")

import numpy as np
import pytest
from hypothesis import settings

# no test asserts a time, so that a busy machine fails none; what runs before a landing is the same every time
settings.register_profile("byheart", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("byheart")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Draws without a generator are a test's own, whatever ran before it."""
    import torch

    torch.manual_seed(0)


@pytest.fixture(scope="session")
def digits():
    """The embedded digits, whole."""
    from byheart.base.registry import find

    return find("task", "digits")()


@pytest.fixture(scope="session")
def few(digits):
    """200 training digits with 20 wrong labels (truth["wrong"]), 60 held out, a small network, 6 epochs at a fixed
    learning rate.
    """
    from byheart.data.examples import Examples
    from byheart.data.recipe import Recipe

    rows = np.arange(200)
    x, y = digits.train.inputs[rows], digits.train.targets[rows].copy()
    wrong = np.zeros(200, bool)
    wrong[::10] = True
    y[wrong] = (y[wrong] + 1 + np.arange(20) % 9) % 10
    return dataclasses.replace(
        digits, name="few", train=Examples(x, y, digits.train.ids[rows]), truth={"wrong": wrong},
        validation=digits.validation.take(np.arange(30)), test=digits.test.take(np.arange(30)),
        recipe=Recipe(epochs=6, batch=32, lr=0.1),
    )  # fmt: skip


@pytest.fixture
def cluster(monkeypatch):
    """A Ray cluster of two nodes of one CPU each on this machine, in a folder of its own."""
    from byheart.runs import ray_tasks

    ray = ray_tasks.package()
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
    place = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # sockets' paths may have 107 characters
    monkeypatch.setenv("RAY_TMPDIR", place)
    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        started.second = started.add_node(num_cpus=1)
        started.wait_for_nodes()
        yield started
    finally:
        ray.shutdown()
        started.shutdown()
        shutil.rmtree(place, ignore_errors=True)
