"""utility: what some examples are worth, by training without them and without as many at random."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from byheart.base.errors import RunError, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.seeds import generator, spawn
from byheart.base.store import digest, read_arrays, sweep, write_arrays
from byheart.data.task import Task
from byheart.runs.evidence import read
from byheart.runs.learner import Learner, Network
from byheart.runs.learning_rate import settled
from byheart.runs.schema import RECORD, read_record, same, write_record
from byheart.runs.single import learner_digest, record_of, rows_of, scaled
from byheart.runs.workers import each


@dataclass(frozen=True)
class Effect:
    """What removing some examples does on held-out data.

    `utility` = value without as many at random - value without the examples, where value is accuracy in [0, 1]
    (classification) or minus the held-out loss (regression): negative means that training without them helps, positive
    that they are worth keeping. `se` adds the parts from seeds and from held-out rows in squares. `without`, `random`:
    (pairs,) values. `rows_without`, `rows_random`: (pairs, held-out) values by row.
    """

    utility: float
    se: float
    without: np.ndarray
    random: np.ndarray
    ids: np.ndarray
    metric: str
    rows_without: np.ndarray = field(repr=False)
    rows_random: np.ndarray = field(repr=False)

    def within(self, chosen: np.ndarray) -> tuple[float, float]:
        """Utility and its standard error on some of the held-out rows (a mask or row numbers)."""
        return paired(self.rows_without[:, chosen], self.rows_random[:, chosen])


def utility(
    task: Task, ids: Iterable[Any], seeds: int = 5, out: str | Path = "runs/utility", *, seed: int = 0,
    learner: Learner | None = None, jobs: int | None = None, progress: Progress | None = None,
) -> Effect:  # fmt: skip
    """Train `seeds` pairs of networks, without `ids` and without as many at random, and compare them on all held-out
    rows.

    A pair shares its seed. No held-out row chooses anything here, so validation and test rows both count. Errors:
    UsageError when fewer than two examples or classes would be left.
    """
    if seeds < 2:
        raise UsageError(f"{seeds} pair has no spread.", do="give at least 2")
    folder = Path(out)
    if learner is None or isinstance(learner, Network):  # others know nothing of a learning rate
        task = settled(task, folder)
    removed = np.setdiff1d(np.arange(len(task.train)), rows_of(task, None, list(ids)))
    if task.classes and len(np.unique(np.delete(task.train.targets, removed))) < 2:
        raise UsageError("Without these examples fewer than two classes are left.", do="remove fewer")
    wanted = record_of(
        "effect", task, seed, {"removed": digest(task.train.ids[removed]), "learner": learner_digest(learner)}
    )
    learner = learner or Network()
    if (folder / RECORD).exists():
        same(folder, read_record(folder), wanted)
    else:
        write_record(folder, wanted)
    sweep(folder)
    arms = [(arm, k) for k in range(seeds) for arm in ("without", "random")]
    missing = [(arm, k) for arm, k in arms if not (folder / _file(arm, k)).exists()]
    bar = (progress or silent()).start("utility", len(arms), len(arms) - len(missing))
    for _ in each(_arm, [(task, arm, k, removed, folder.resolve(), seed, learner) for arm, k in missing], jobs):
        bar.advance()
    bar.done()
    write_record(folder, wanted.model_copy(update={"notes": {"pairs": seeds}, "done": True}))
    rows = {
        arm: np.stack([_values(folder / _file(arm, k), len(task.held_out)) for k in range(seeds)])
        for arm in ("without", "random")
    }
    worth, se = paired(rows["without"], rows["random"])
    return Effect(
        worth, se, rows["without"].mean(1), rows["random"].mean(1), task.train.ids[removed],
        "accuracy" if task.classes else "minus the loss", rows["without"], rows["random"],
    )  # fmt: skip


def paired(without: np.ndarray, random: np.ndarray) -> tuple[float, float]:
    """Mean of random - without over pairs and rows, and its standard error: seed part and row part, added in squares.

    Both arguments are (pairs, rows). The seed part is the spread of the pairs' means; the row part is the spread over
    rows of the difference averaged over pairs. Seeds alone are up to eight times too small, since all pairs share the
    rows.
    """
    difference = random.astype(np.float64) - without
    pairs, rows = difference.shape
    if rows < 2:
        return float(difference.mean()) if rows else float("nan"), float("nan")
    by_seed = difference.mean(1).std(ddof=1) / np.sqrt(pairs)
    by_row = difference.mean(0).std(ddof=1) / np.sqrt(rows)
    return float(difference.mean()), float(np.hypot(by_seed, by_row))


def _arm(task: Task, arm: str, k: int, removed: np.ndarray, folder: Path, seed: int, learner: Learner) -> None:
    n = len(task.train)
    gone = removed if arm == "without" else generator(seed, "random", k).choice(n, len(removed), replace=False)
    predict = learner.fit(task, np.setdiff1d(np.arange(n), gone), spawn(seed, "pair", k))
    columns = read(predict(task.held_out), scaled(task, task.held_out.targets), task.classes)
    value = columns["correct"].astype(np.float32) if task.classes else -columns["loss"]
    write_arrays(folder / _file(arm, k), {"value": value})


def _values(path: Path, count: int) -> np.ndarray:
    value = read_arrays(path).get("value")
    if value is None or value.shape != (count,) or value.dtype.kind != "f":
        raise RunError(f"{path} is damaged.", f"It has no {count} values.", "delete it and give the same command again")
    return value


def _file(arm: str, k: int) -> str:
    return f"{arm}-{k:02d}.safetensors"
