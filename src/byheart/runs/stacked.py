"""record_stacked_subsets: subset models of small networks, trained many at a time, as an execution of its own."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from byheart.base.devices import choose
from byheart.base.errors import UsageError
from byheart.base.progress import Progress
from byheart.base.seeds import spawn
from byheart.base.store import digest
from byheart.data.subsets import mask
from byheart.data.task import Task
from byheart.runs.learner import predictor
from byheart.runs.loop import one_thread
from byheart.runs.mirror import Mirror
from byheart.runs.single import learner_digest, record_of
from byheart.runs.stack import fit_stack, stackable
from byheart.runs.subsets import SubsetRuns, filled, settled_at, write_model
from byheart.runs.workers import each

GROUP = 20


def record_stacked_subsets(
    task: Task, models: int, out: str | Path, seed: int = 0, *, share: float = 0.7, group: int = GROUP,
    jobs: int | None = None, progress: Progress | None = None, mirror: str | None = None,
) -> SubsetRuns:  # fmt: skip
    """What `record_subsets` keeps, `group` models at a time with their weights stacked: for small networks only.

    Worth it up to about 10,000 weights and small batches. Models agree with those trained one by one to rounding,
    which grows over the epochs, so a folder holds one execution and one group, whose size `models` must be a multiple
    of: then no model depends on how many were asked for. Errors: UsageError for methods, augmentation and networks of
    other layers than linear ones; RunError as `record_subsets`.
    """
    if group < 1 or models % group:
        raise UsageError(
            f"{models} models cannot be trained {group} at a time.",
            "A group is trained whole, so that no model depends on how many were asked for.",
            f"give a multiple of {max(group, 1)}",
        )
    stackable(task)
    folder, place = Path(out), Mirror(mirror) if mirror else None
    task = settled_at(task, folder, place)
    digests = {"subsets": digest(share), "learner": learner_digest(None), "group": digest(group)}
    wanted = record_of("subsets", task, seed, digests).model_copy(update={"execution": "stacked"})

    def train(missing: list[int]):
        groups = sorted({k // group for k in missing})
        return each(_group, [(task, g, group, folder.resolve(), seed, share, place) for g in groups], jobs)

    return filled(task, models, folder, wanted, train, progress, place)


def _group(
    task: Task, number: int, size: int, folder: Path, seed: int, share: float, mirror: Mirror | None
) -> list[float]:
    begun, whole = time.process_time(), range(number * size, (number + 1) * size)
    members = [mask(len(task.train), k, seed, share) for k in whole]
    with one_thread():
        networks = fit_stack(task, [np.flatnonzero(m) for m in members], [spawn(seed, "model", k) for k in whole])
    device = choose(task.recipe.device)
    for k, member, network in zip(whole, members, networks, strict=True):
        write_model(task, k, folder, member, predictor(task, network, device), mirror)
    return [(time.process_time() - begun) / size] * size
