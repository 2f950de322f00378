"""kfold: every training example answered by a network that was trained on the other folds."""

from __future__ import annotations

import math
import time
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from byheart.base.errors import RunError, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import machine
from byheart.base.seeds import spawn
from byheart.base.store import digest, read_arrays, read_table, sweep, write_arrays, write_json, write_table
from byheart.data.subsets import folds
from byheart.data.task import Task
from byheart.runs.evidence import read
from byheart.runs.learner import Learner, Network
from byheart.runs.learning_rate import settled
from byheart.runs.left_out import softmax
from byheart.runs.schema import EXAMPLES, RECORD, TIMING, read_record, same, write_record
from byheart.runs.single import learner_digest, record_of, scaled
from byheart.runs.workers import each

OUT_OF_FOLD = "out_of_fold.safetensors"
KEPT = ("logits", "probabilities", "loss", "correct", "predicted")


def kfold(
    task: Task, count: int = 5, out: str | Path = "runs/kfold", seed: int = 0, *, learner: Learner | None = None,
    jobs: int | None = None, progress: Progress | None = None,
) -> KFold:  # fmt: skip
    """Train `count` networks, each on all but one fold of the training examples, and let each answer for its fold.

    Every class is spread evenly over the folds, which depend on (seed, labels) alone. Each fold is written where it was
    trained: the same call goes on where it stopped. Held-out examples are not touched. Errors: UsageError for more
    folds than examples; RunError for a folder of another task, seed or number of folds.
    """
    folder, fold = Path(out), folds(task.train.targets, count, seed)
    if learner is None or isinstance(learner, Network):  # others know nothing of a learning rate
        task = settled(task, folder)
    few = len(task.train) - int(np.bincount(fold).max())
    if few < 2:
        raise UsageError(f"{count} folds leave {few} examples to train on.", do="give more examples")
    wanted = record_of("folds", task, seed, {"folds": digest(count), "learner": learner_digest(learner)})
    learner = learner or Network()
    if (folder / RECORD).exists():
        same(folder, read_record(folder), wanted)
    else:
        write_record(folder, wanted)
    sweep(folder)
    missing = [k for k in range(count) if not (folder / _file(k)).exists()]
    bar = (progress or silent()).start("folds", count, count - len(missing))
    seconds = 0.0
    for spent in each(_one, [(task, k, fold, folder.resolve(), seed, learner) for k in missing], jobs):
        seconds += spent
        bar.advance()
    bar.done()
    if missing:
        write_json(folder / TIMING, {"cpu_seconds": seconds, "folds": len(missing), "machine": machine()})
    _whole(folder, task, fold, count)
    write_record(folder, wanted.model_copy(update={"notes": {"folds": count}, "done": True}))
    return KFold(folder)


def _one(task: Task, k: int, fold: np.ndarray, folder: Path, seed: int, learner: Learner) -> float:
    begun = time.process_time()
    predict = learner.fit(task, np.flatnonzero(fold != k), spawn(seed, "fold", k))
    logits = predict(task.train.take(np.flatnonzero(fold == k)))
    write_arrays(folder / _file(k), {"logits": logits.astype(np.float32)})
    return time.process_time() - begun


def _whole(folder: Path, task: Task, fold: np.ndarray, count: int) -> None:
    """Put the folds together: logits and what is read of them, and the table of examples."""
    logits = np.full((len(fold), task.outputs), np.nan, np.float32)
    for k in range(count):
        rows, found = np.flatnonzero(fold == k), read_arrays(folder / _file(k)).get("logits")
        if found is None or found.shape != (len(rows), task.outputs) or found.dtype.kind != "f":
            raise RunError(
                f"{folder / _file(k)} is damaged.", do="delete it and give the same command again: it is trained again"
            )
        logits[rows] = found
    arrays = {"logits": logits} | read(logits, scaled(task, task.train.targets), task.classes)
    del arrays["error_norm"], arrays["margin"]
    if task.classes:
        arrays["probabilities"] = softmax(logits)
    write_arrays(folder / OUT_OF_FOLD, arrays)
    write_table(folder / EXAMPLES, pd.DataFrame({"id": task.train.ids, "target": task.train.targets, "fold": fold}))


class KFold:
    """What cross-validation left: `found["logits"]` (n, outputs), "loss", "correct", "predicted" (n,), all out of fold.

    `found["probabilities"]` (n, classes) feed confident learning, `control(relabel=..., probabilities=...)` and MAT
    (`MAT(source=found["logits"])`). For regression losses are squared errors in squared deviations of the target, and
    there are no probabilities. Errors: RunError.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.record = read_record(self.folder)
        if self.record.kind != "folds":
            raise RunError(f"{folder} holds {self.record.kind}, not folds.", do="byheart kfold makes them")
        if not self.record.done:
            raise RunError(f"{folder} is not finished.", do="give the command that began it again: it goes on")

    def __repr__(self) -> str:
        return f"KFold({str(self.folder)!r}: {self.record.task}, {self.count} folds, {len(self.ids)} examples)"

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            raise KeyError(f"{name!r}; there are {sorted(self._arrays)}")
        return self._arrays[name]

    @property
    def classes(self) -> int:
        """How many classes; 0 for regression."""
        return self.record.classes

    @cached_property
    def count(self) -> int:
        """How many folds."""
        return int(self.fold.max()) + 1

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids of the training examples, in the task's order."""
        ids = self._examples["id"].to_numpy()
        return ids if ids.dtype.kind in "iu" else ids.astype(str)

    @cached_property
    def targets(self) -> np.ndarray:
        """Their labels."""
        return self._examples["target"].to_numpy()

    @cached_property
    def fold(self) -> np.ndarray:
        """The fold (n,) of each example: the one that its network was not trained on."""
        return self._examples["fold"].to_numpy()

    @cached_property
    def values(self) -> Float[np.ndarray, "n"]:
        """Whether each example (n,) is answered right out of fold, 1 or 0; for regression its loss."""
        return self["correct" if self.classes else "loss"].astype(np.float64)

    @cached_property
    def by_fold(self) -> Float[np.ndarray, "folds"]:
        """The mean of each fold."""
        return np.array([self.values[self.fold == k].mean() for k in range(self.count)])

    @property
    def mean(self) -> float:
        """Accuracy (for regression, loss) over all examples, each answered once."""
        return float(self.values.mean())

    @property
    def se(self) -> float:
        """Standard error of the mean over examples.

        It is that of drawing other examples for these very networks. No unbiased estimate of the spread over other
        training sets exists: two folds share most of theirs. Source: Bengio and Grandvalet (2004).
        """
        n = len(self.values)
        return float(self.values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        path = self.folder / OUT_OF_FOLD
        found, n = read_arrays(path), len(self.ids)
        wanted = [name for name in KEPT if self.classes or name != "probabilities"]
        if any(name not in found or len(found[name]) != n for name in wanted):
            raise RunError(f"{path} is damaged.", do="delete it and give the command that made it again")
        return found

    @cached_property
    def _examples(self) -> pd.DataFrame:
        table = read_table(self.folder / EXAMPLES)
        if missing := {"id", "target", "fold"} - set(table.columns):
            raise RunError(f"{self.folder / EXAMPLES} lacks the columns {sorted(missing)}.", do="delete the folder")
        return table


def _file(k: int) -> str:
    return f"fold-{k:02d}.safetensors"
