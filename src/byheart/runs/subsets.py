"""record_subsets: many trainings on random subsets, one file each, and SubsetRuns, the matrix they make."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from byheart.base.errors import RunError, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import machine
from byheart.base.seeds import spawn
from byheart.base.store import digest, read_array, read_table, sweep, write_arrays, write_json, write_table
from byheart.data.subsets import mask
from byheart.data.task import Task
from byheart.runs.evidence import read
from byheart.runs.learner import Learner, Network, Predict
from byheart.runs.learning_rate import settled
from byheart.runs.left_out import averaged, class_probabilities, votes
from byheart.runs.matrices import kept_rows
from byheart.runs.mirror import Mirror
from byheart.runs.queries import checked, queried
from byheart.runs.schema import (
    EXAMPLES,
    HELD_OUT,
    LEARNING_RATE,
    RECORD,
    TIMING,
    Record,
    read_record,
    same,
    write_record,
)  # fmt: skip
from byheart.runs.single import learner_digest, record_of, scaled
from byheart.runs.workers import each

ALL_LOGITS = 64  # up to so many outputs are kept whole; above, the largest TOP and the log of the sum of exponentials
TOP = 8
MANY = ("top_logits", "top", "log_sum_exp")
ALWAYS = ("member", "loss", "margin", "correct", "predicted")
AGAIN = "delete it and give the same command again: it is trained again"


def record_subsets(
    task: Task, models: int, out: str | Path, seed: int = 0, *, share: float = 0.7, learner: Learner | None = None,
    jobs: int | None = None, progress: Progress | None = None, mirror: str | None = None, queries: Sequence[str] = (),
) -> SubsetRuns:  # fmt: skip
    """Train `models` models on random subsets and keep what each says of every training and held-out example.

    Model k depends on (seed, k) alone: a folder can be resumed, and topped up from 8 to 64, with the same numbers. Each
    model's file is written where it was trained, and copied to `mirror`, an fsspec URL; what is there already is not
    trained again. With `queries`, such as "mirror" or "left=1", each model is asked about images changed so as well,
    for attacks that read several answers. Returns all models that the folder holds. Errors: RunError for a folder of
    another task, share, seed or other queries; UsageError for queries about what is no image.
    """
    checked(task, queries)
    folder, place = Path(out), Mirror(mirror) if mirror else None
    if learner is None or isinstance(learner, Network):  # others know nothing of a learning rate
        task = settled_at(task, folder, place)
    wanted = record_of("subsets", task, seed, {"subsets": digest(share), "learner": learner_digest(learner)})
    if queries:
        wanted.digests["subsets"] = digest(share, tuple(queries))
    call = (folder.resolve(), seed, share, learner or Network(), place, tuple(queries))
    train = lambda missing: each(_one, [(task, k, *call) for k in missing], jobs)  # noqa: E731
    return filled(task, models, folder, wanted, train, progress, place)


def settled_at(task: Task, folder: Path, mirror: Mirror | None) -> Task:
    """The task with a learning rate: its own, or one that a trial chose, here or where the mirror was begun."""
    if mirror is None or task.recipe.lr is not None:
        return settled(task, folder)
    mirror.fetch([LEARNING_RATE], folder)
    task = settled(task, folder)
    mirror.send([LEARNING_RATE], folder)
    return task


def filled(
    task: Task, models: int, folder: Path, wanted: Record, train: Callable[[list[int]], Iterable[list[float]]],
    progress: Progress | None, mirror: Mirror | None,
) -> SubsetRuns:  # fmt: skip
    """The folder with all its models: those that neither it nor the mirror has are given to `train`, which tells the
    CPU-seconds of each as it comes.
    """
    if models < 2:
        raise UsageError(f"{models} models cannot be compared.", do="give at least 2; 20, 40 or 60 make whole blocks")
    here = read_record(folder) if (folder / RECORD).exists() else None
    there = mirror.record() if mirror else None
    for name, found in ((str(folder), here), (mirror.url if mirror else "", there)):
        if found is not None:
            same(name, found, wanted)
            models = max(models, _planned(found) if found.done else 0)
    if here is None:
        write_record(folder, wanted)
    sweep(folder)
    names = [_file(k) for k in range(models)]
    if mirror:
        mirror.fetch(names, folder)
        if there is None:
            mirror.put(folder / RECORD)
    missing = [k for k, name in enumerate(names) if not (folder / name).exists()]
    bar = (progress or silent()).start("subsets", models, models - len(missing))
    seconds = 0.0
    for spent in train(missing) if missing else ():
        seconds += sum(spent)
        bar.advance(len(spent))
    bar.done()
    if missing:
        for older in folder.glob(_matrix("*", "*")):
            older.unlink()
        write_json(folder / TIMING, {"cpu_seconds": seconds, "models": len(missing), "machine": machine()})
    _tables(folder, task)
    if mirror:
        mirror.fetch(names, folder)  # of machines that share no folder with this one
        mirror.send([*names, EXAMPLES, HELD_OUT], folder)
    if lost := [name for name in names if not (folder / name).exists()]:
        raise RunError(
            f"{len(lost)} models (first: {lost[0]}) were trained on machines that share no folder with this one.",
            do="give a shared folder, or a mirror that all of them reach",
        )
    write_record(folder, wanted.model_copy(update={"notes": {"models": models}, "done": True}))
    if mirror:
        mirror.put(folder / RECORD)
    return SubsetRuns(folder)


def _one(
    task: Task, k: int, folder: Path, seed: int, share: float, learner: Learner, mirror: Mirror | None,
    queries: Sequence[str],
) -> list[float]:  # fmt: skip
    begun = time.process_time()
    member = mask(len(task.train), k, seed, share)
    predict = learner.fit(task, np.flatnonzero(member), spawn(seed, "model", k))
    write_model(task, k, folder, member, predict, mirror, queries)
    return [time.process_time() - begun]


def write_model(
    task: Task, k: int, folder: Path, member: np.ndarray, predict: Predict, mirror: Mirror | None,
    queries: Sequence[str] = (),
) -> None:  # fmt: skip
    """Keep what model k, trained on `member` (n,), says of every example, here and in the mirror."""
    logits = np.concatenate([predict(task.train), predict(task.held_out)])
    targets = scaled(task, np.concatenate([task.train.targets, task.held_out.targets]))
    columns = read(logits, targets, task.classes)
    del columns["error_norm"]
    columns |= compact(logits) | {"member": member} | queried(task, predict, queries)
    path = write_arrays(folder / _file(k), columns)
    if mirror:
        mirror.put(path)


def compact(logits: np.ndarray) -> dict[str, np.ndarray]:
    """Logits in float16; of many outputs the largest eight with their places, and the log-sum-exp."""
    z = np.clip(logits, -65504, 65504)
    if z.shape[1] <= ALL_LOGITS:
        return {"logits": z.astype(np.float16)}
    top = np.argsort(-z, axis=1, kind="stable")[:, :TOP]
    peak = z.max(1, keepdims=True)
    total = peak[:, 0] + np.log(np.exp(z - peak).sum(1))
    return {"top_logits": np.take_along_axis(z, top, 1).astype(np.float16), "top": top.astype(np.int32),
            "log_sum_exp": total.astype(np.float32)}  # fmt: skip


class SubsetRuns:
    """What many runs on random subsets left: a matrix of models x (training, then held-out examples).

    `many["member"]` bool (models, n); `many["correct"]`, "margin", "loss", "predicted" (models, n + held-out);
    `many["logits"]` float16 (models, n + held-out, outputs), for more than 64 outputs "top_logits", "top",
    "log_sum_exp"; where queries were recorded, "query_logits" (models, n + held-out, queries, outputs). Errors:
    RunError.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.record = read_record(self.folder)
        if self.record.kind != "subsets":
            raise RunError(f"{folder} holds {self.record.kind}, not subset runs.", do="open it with Run")
        if not self.record.done:
            raise RunError(f"{folder} is not finished.", do="give the command that began it again: it goes on")
        self._columns: dict[str, np.ndarray] = {}

    def __repr__(self) -> str:
        return f"SubsetRuns({str(self.folder)!r}: {self.record.task}, {self.models} models, {self.n} examples)"

    @property
    def models(self) -> int:
        """How many models."""
        return _planned(self.record)

    @property
    def classes(self) -> int:
        """How many classes; 0 for regression."""
        return self.record.classes

    @property
    def n(self) -> int:
        """How many training examples: the first columns."""
        return len(self.ids)

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids of the training examples."""
        return _values(self._examples, "id")

    @cached_property
    def targets(self) -> np.ndarray:
        """Their labels."""
        return _values(self._examples, "target")

    @cached_property
    def test_ids(self) -> np.ndarray:
        """Ids of the held-out examples (validation, then test): the last columns."""
        return _values(self._held_out, "id")

    @cached_property
    def test_targets(self) -> np.ndarray:
        """Their labels."""
        return _values(self._held_out, "target")

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._columns:
            path = self.folder / _matrix(name, self.models)
            self._columns[name] = kept_rows(path, lambda k: self._row(k, name), self.models)
        return self._columns[name]

    def _row(self, k: int, name: str) -> np.ndarray:
        path = self.folder / _file(k)
        try:
            row = read_array(path, name)
        except KeyError as error:
            if name not in (*ALWAYS, *(("logits",) if self.classes <= ALL_LOGITS else MANY)):
                raise
            raise RunError(f"{path} is damaged.", f"It has no {name}.", AGAIN) from error
        count = self.n if name == "member" else self.n + len(self.test_ids)
        kind = {"member": "b", "predicted": "i", "top": "i"}.get(name, "f")
        if row.shape[:1] != (count,) or row.dtype.kind != kind:
            raise RunError(f"{path} is damaged.", f"{name} is {row.dtype} of shape {row.shape}.", AGAIN)
        return row

    @cached_property
    def votes(self) -> np.ndarray:
        """How many of the models that left each training example out say each class (n, outputs)."""
        return votes(self["predicted"][:, : self.n], ~self["member"], self.classes)

    def out_of_sample(self) -> tuple[np.ndarray, np.ndarray]:
        """Class probabilities (n, outputs), averaged over the models that left the example out, and how many did (n,).

        Without such a model the probabilities are NaN. Of more than 64 outputs the largest eight and the label's own
        are known, and the others share the rest.
        """
        member = self["member"]
        if self.classes <= ALL_LOGITS:
            return class_probabilities(member, self["logits"][:, : self.n]), (~member).sum(0)
        return averaged(member, self._probabilities, self.classes), (~member).sum(0)

    def _probabilities(self, k: int, rows: np.ndarray) -> np.ndarray:
        """Class probabilities (rows, outputs) that model k gives to training examples, from its largest logits."""
        top, z = self["top"][k, rows], self["top_logits"][k, rows].astype(np.float64)
        largest = np.exp(z - self["log_sum_exp"][k, rows, None].astype(np.float64))
        rest = np.clip(1 - largest.sum(1), 0, 1) / (self.classes - TOP)
        p = np.repeat(rest[:, None], self.classes, 1)
        np.put_along_axis(p, top, largest, 1)
        p[np.arange(len(rows)), self.targets[rows]] = np.exp(-self["loss"][k, rows].astype(np.float64))
        return p / p.sum(1, keepdims=True)

    @cached_property
    def _examples(self) -> pd.DataFrame:
        return read_table(self.folder / EXAMPLES)

    @cached_property
    def _held_out(self) -> pd.DataFrame:
        return read_table(self.folder / HELD_OUT)


def _planned(record: Record) -> int:
    models = record.notes.get("models")
    if not isinstance(models, int) or models < 0:
        raise RunError(
            "The record of the subset models is damaged.", f"It counts {models!r} models.", "delete its run.json"
        )
    return models


def _file(k: int) -> str:
    return f"model-{k:04d}.safetensors"


def _matrix(name: str, models: int | str) -> str:
    return f"{name}-of-{models}.npy"


def _tables(folder: Path, task: Task) -> None:
    held, validation = task.held_out, task.validation
    part = np.where(np.arange(len(held)) < len(validation), "validation", "test")
    write_table(folder / EXAMPLES, pd.DataFrame({"id": task.train.ids, "target": task.train.targets}))
    write_table(folder / HELD_OUT, pd.DataFrame({"id": held.ids, "target": held.targets, "part": part}))


def _values(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table.columns:
        raise RunError(f"A table lacks the column {name!r}.", do="record it again")
    values = table[name].to_numpy()
    return values if values.dtype.kind in "iuf" else values.astype(str)
