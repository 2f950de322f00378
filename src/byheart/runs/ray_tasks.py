"""Many trainings on many machines: a joblib backend whose calls are retryable Ray tasks.

    with on_ray("auto"):                 # or joblib.parallel_config("raytasks") once this module is imported
        record_subsets(task, models=64, out="/shared/folder")

Ray's own joblib backend runs on actors, and a node that dies takes all results with it; a task is run again elsewhere.
"""

from __future__ import annotations

import importlib
import io
import os
import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import joblib
import numpy as np
from joblib.parallel import ParallelBackendBase, register_parallel_backend

from byheart.base.errors import MissingExtra, RunError

NAME = "raytasks"
LARGE = 1 << 20  # bytes of an array that crosses to a machine once, not with every call
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def package() -> Any:
    """The package ray; MissingExtra where it is not installed."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        do = "pip install 'byheart[scale]'"
        raise MissingExtra("The package ray is not installed.", "It trains on many machines.", do) from error


@contextmanager
def on_ray(address: str = "auto") -> Iterator[None]:
    """Trainings inside run on the Ray cluster at `address` ("auto": the one that was started on this machine).

    A connection that exists already is used, and kept. Errors: MissingExtra; RunError where no cluster answers.
    """
    ray = package()
    mine = not ray.is_initialized()
    if mine:
        try:
            answers(address)
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (OSError, ValueError, RuntimeError) as error:
            raise RunError(
                f"No Ray cluster answers at {address}.", f"({str(error).splitlines()[0]})",
                "start one, ray start --head, and give the address that it prints",
            ) from error  # fmt: skip
    try:
        with joblib.parallel_config(NAME):
            yield
    finally:
        if mine:
            ray.shutdown()


def answers(address: str) -> None:
    """OSError or ValueError, within seconds, where nobody listens at host:port; Ray itself tries for five minutes."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=5).close()


class RayTasks(ParallelBackendBase):
    """Each call a task of one CPU, run again elsewhere, however often, when its machine is lost."""

    supports_retrieve_callback = True  # and so results as they come

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._waiting: set[Any] = set()
        self._arrays: dict[int, tuple[np.ndarray, Any]] = {}

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """As many as the cluster has CPUs, unless a positive number is wanted."""
        if n_jobs is not None and n_jobs > 0:
            return n_jobs
        ray = package()
        if not ray.is_initialized():
            raise RunError("There is no connection to a Ray cluster.", do="with byheart.runs.ray_tasks.on_ray(address)")
        everything = int(ray.cluster_resources().get("CPU", 1))
        return max(1, everything + 1 + (-1 if n_jobs is None else n_jobs))

    def submit(self, func: Callable[[], Any], callback: Any = None) -> Any:
        """Send a call; `callback` gets its future when it is done."""
        call, arrays = packed(func)
        reference = task().remote(call, *map(self._placed, arrays))
        self._waiting.add(reference)
        future = reference.future()
        future.add_done_callback(lambda _: self._waiting.discard(reference))
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """The result; the error that the call itself raised, not Ray's wrapping of it."""
        ray = package()
        try:
            return out.result()
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Cancel what has not begun, and interrupt what has."""
        ray = package()
        for reference in list(self._waiting):
            ray.cancel(reference)
        self._waiting.clear()

    def stop_call(self) -> None:
        """Let go of the arrays."""
        self._arrays.clear()

    def _placed(self, array: np.ndarray) -> Any:
        """A reference to the array, which stays with the cluster until the last call is done."""
        if id(array) not in self._arrays:
            self._arrays[id(array)] = array, package().put(array)  # the array is kept, so that its id stays its own
        return self._arrays[id(array)][1]


@cache
def packers() -> Any:
    """The class of picklers that leave large arrays out, and list them."""
    package()

    class Packer(importlib.import_module("ray.cloudpickle").CloudPickler):
        def __init__(self, file: io.BytesIO) -> None:
            super().__init__(file)
            self.arrays: list[np.ndarray] = []

        def persistent_id(self, obj: Any) -> int | None:
            """The number of a large array."""
            if type(obj) is not np.ndarray or obj.nbytes < LARGE or obj.dtype.hasobject:
                return None
            known = [k for k, array in enumerate(self.arrays) if array is obj]
            self.arrays += [] if known else [obj]
            return known[0] if known else len(self.arrays) - 1

    return Packer


def packed(thing: Any) -> tuple[bytes, list[np.ndarray]]:
    """Anything as bytes, functions of the caller's own included, and the large arrays in it, by their numbers there."""
    file = io.BytesIO()
    packer = packers()(file)
    packer.dump(thing)
    return file.getvalue(), packer.arrays


def unpacked(thing: bytes, arrays: Sequence[np.ndarray]) -> Any:
    """What was packed."""
    return Unpacker(thing, arrays).load()


class Unpacker(pickle.Unpickler):
    """Puts the arrays back."""

    def __init__(self, thing: bytes, arrays: Sequence[np.ndarray]) -> None:
        super().__init__(io.BytesIO(thing))
        self.arrays = arrays

    def persistent_load(self, pid: Any) -> np.ndarray:
        """The array of that number."""
        return self.arrays[pid]


def called(call: bytes, *arrays: np.ndarray) -> Any:
    """Run a call on the machine that got it."""
    return unpacked(call, arrays)()


@cache
def task() -> Any:
    """`called` as a task of Ray's."""
    return package().remote(num_cpus=1, max_retries=-1)(called)


register_parallel_backend(NAME, RayTasks)
