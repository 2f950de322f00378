"""The trained network and its inputs, as evidence for scores that read a checkpoint."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import NotApplicable, RunError, UsageError

if TYPE_CHECKING:
    from torch import nn

    from byheart.data.task import Task
    from byheart.runs.run import Run

CHECKPOINT = ("network", "trained", "inputs", "targets", "loss_of", "deviations", "ranges", "checkpoints")
CHUNK = 512
ASK = "it needs the trained network: byheart.score(run, many, task=task)"


def checkpoint_columns(run: Run | None, task: Task | None, names: tuple[str, ...]) -> dict[str, Any]:
    """Evidence of a checkpoint by name, but for `inputs`, which come in chunks; NotApplicable where it is missing."""
    import torch

    from byheart.methods.input_scale import deviations, ranges

    if run is None or task is None:
        raise NotApplicable("it needs a trained network: byheart.record(task)" if run is None else ASK)
    network = network_of(run, task) if {"network", "deviations", "ranges"} & {*names} else None
    kind = None if network is None else next(network.parameters()).dtype
    make: dict[str, Callable[[], Any]] = {
        "network": lambda: network,
        "trained": lambda: trained(run, task),
        "loss_of": lambda: task.loss,
        "checkpoints": lambda: checkpoints(run, task),
        "deviations": lambda: torch.from_numpy(np.asarray(deviations(task))).to(kind),
        "ranges": lambda: torch.from_numpy(np.asarray(ranges(task))).to(kind),
    }
    return {name: make[name]() for name in names if name not in ("inputs", "targets")}


def examples_seen(task: Task, rows: np.ndarray, columns: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Inputs and targets of some training rows, as far as they are named, in the precision of the network."""
    inputs, targets = task.tensors(task.train, rows)
    kind = next(columns["network" if "network" in columns else "trained"].parameters()).dtype
    found = {"inputs": inputs.to(kind) if inputs.is_floating_point() else inputs}
    found["targets"] = targets.to(kind) if targets.is_floating_point() else targets
    return {name: value for name, value in found.items() if name in names}


def trained(run: Run, task: Task, weights: dict[str, np.ndarray] | None = None) -> nn.Module:
    """The network as it was trained, or with the weights of a checkpoint, in eval mode; NotApplicable when its weights
    were not recorded.
    """
    try:
        return run.network(task, weights)
    except RunError:
        raise NotApplicable("the network's weights were not recorded (byheart.record does so)") from None


def checkpoints(run: Run, task: Task) -> list[tuple[float, nn.Module]]:
    """Learning rate and network of every checkpoint that was kept, in order; NotApplicable when there is none."""
    if not run.checkpoints:
        raise NotApplicable("no checkpoints were kept: byheart record --method checkpoints=10")
    return [(run.learning_rates[epoch], trained(run, task, weights)) for epoch, weights in run.checkpoints.items()]


def network_of(run: Run, task: Task) -> nn.Module:
    """The trained network in eval mode with frozen parameters, in double precision where it runs so.

    Errors: NotApplicable when its weights were not recorded; UsageError when they are another network's.
    """
    import torch

    network = trained(run, task).requires_grad_(False)
    two, _ = task.tensors(task.train, np.arange(min(2, len(task.train))))
    with torch.no_grad():
        try:  # a step along a gradient's sign must not depend on how many rows were multiplied together
            double = copy.deepcopy(network).double()
            double(two.double())
        except (RuntimeError, TypeError):
            return network
    return double


def rows_of_run(run: Run, task: Task) -> np.ndarray:
    """The rows of the task's training set (n,) that the run's examples are; UsageError when some are not in it."""
    order = np.argsort(task.train.ids, kind="stable")
    ids = task.train.ids[order]
    place = np.minimum(np.searchsorted(ids, run.ids), len(ids) - 1)
    if ids.dtype.kind != run.ids.dtype.kind or not np.array_equal(ids[place], run.ids):
        raise UsageError("The run is of other examples than the task.", "Results are kept by id.", "give its own task")
    return order[place]


def same_data(run: Run, task: Task) -> None:
    """UsageError when the run was recorded on other data or with another network than the task's."""
    known = {name: run.record.digests[name] for name in ("data", "network") if name in run.record.digests}
    if changed := sorted(name for name, value in known.items() if value != task.digests[name]):
        raise UsageError(f"The run was recorded with another {' and '.join(changed)} than the task's.",
                         do="give the task that it was recorded from")  # fmt: skip
