"""record_subsets: many trainings on random subsets, one file each, and SubsetRuns, the matrix they make."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from byheart.base.errors import RunError, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import machine
from byheart.base.seeds import spawn
from byheart.base.store import digest, read_array, read_table, sweep, write_arrays, write_json, write_table
from byheart.data.subsets import masks
from byheart.data.task import Task
from byheart.runs.evidence import read
from byheart.runs.learner import Learner, Network
from byheart.runs.learning_rate import settled
from byheart.runs.left_out import averaged, class_probabilities, votes
from byheart.runs.schema import EXAMPLES, HELD_OUT, RECORD, TIMING, Record, read_record, same, write_record
from byheart.runs.single import learner_digest, record_of, scaled
from byheart.runs.workers import each

ALL_LOGITS = 64  # up to so many outputs are kept whole; above, the largest TOP and the log of the sum of exponentials
TOP = 8
MANY = ("top_logits", "top", "log_sum_exp")
ALWAYS = ("member", "loss", "margin", "correct", "predicted")
AGAIN = "delete it and give the same command again: it is trained again"


def record_subsets(
    task: Task, models: int, out: str | Path, seed: int = 0, *, share: float = 0.7, learner: Learner | None = None,
    jobs: int | None = None, progress: Progress | None = None,
) -> SubsetRuns:  # fmt: skip
    """Train `models` models on random subsets and keep what each says of every training and held-out example.

    Model k depends on (seed, k) alone: a folder can be resumed, and topped up from 8 to 64, with the same numbers. Each
    model's file is written where it was trained. Returns all models that the folder holds. Errors: RunError for a
    folder of another task, share or seed.
    """
    if models < 2:
        raise UsageError(f"{models} models cannot be compared.", do="give at least 2; 20, 40 or 60 make whole blocks")
    folder = Path(out)
    if learner is None or isinstance(learner, Network):  # others know nothing of a learning rate
        task = settled(task, folder)
    wanted = record_of("subsets", task, seed, {"subsets": digest(share), "learner": learner_digest(learner)})
    learner = learner or Network()
    if (folder / RECORD).exists():
        same(folder, found := read_record(folder), wanted)
        models = max(models, _planned(found) if found.done else 0)
    else:
        write_record(folder, wanted)
    sweep(folder)
    missing = [k for k in range(models) if not (folder / _file(k)).exists()]
    bar = (progress or silent()).start("subsets", models, models - len(missing))
    seconds = 0.0
    for spent in each(_one, [(task, k, folder.resolve(), seed, share, learner) for k in missing], jobs):
        seconds += spent
        bar.advance()
    bar.done()
    if missing:
        write_json(folder / TIMING, {"cpu_seconds": seconds, "models": len(missing), "machine": machine()})
    _tables(folder, task)
    write_record(folder, wanted.model_copy(update={"notes": {"models": models}, "done": True}))
    return SubsetRuns(folder)


def _one(task: Task, k: int, folder: Path, seed: int, share: float, learner: Learner) -> float:
    begun = time.process_time()
    member = masks(len(task.train), k + 1, seed, share)[k]
    predict = learner.fit(task, np.flatnonzero(member), spawn(seed, "model", k))
    logits = np.concatenate([predict(task.train), predict(task.held_out)])
    targets = scaled(task, np.concatenate([task.train.targets, task.held_out.targets]))
    columns = read(logits, targets, task.classes)
    del columns["error_norm"]
    write_arrays(folder / _file(k), columns | compact(logits) | {"member": member})
    return time.process_time() - begun


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
    "log_sum_exp". Errors: RunError.
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
            self._columns[name] = np.stack([self._row(k, name) for k in range(self.models)])
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
