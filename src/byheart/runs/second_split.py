"""second_split: train on one half, then on the other alone, and watch the first being forgotten; both ways round."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.progress import Progress, silent
from byheart.base.seeds import spawn
from byheart.base.store import digest, read_arrays, sweep, write_arrays
from byheart.data.subsets import halves
from byheart.data.task import Task
from byheart.runs.beside import equally_long, kept_beside, tidy
from byheart.runs.evidence import read
from byheart.runs.learning_rate import settled
from byheart.runs.loop import begin, events_of, fit, one_thread, outputs
from byheart.runs.schema import EVIDENCE, RECORD, read_record, same, write_record
from byheart.runs.single import record, record_of, scaled

COLUMN = "second_split_correct"


def second_split(task: Task, out: str | Path, seed: int = 0, progress: Progress | None = None) -> np.ndarray:
    """Whether each training example is still answered rightly (epochs, n), float16, after each epoch on the half
    without it.

    Eval mode, the recipe's learning rate and epochs in both phases (Maini et al. 2022). In the folder of a run, as
    `second_split`, it is part of the run's evidence, and `score(run)` reads it. The folder resumes like a run. Errors:
    UsageError for regression; RunError for a folder of another task or seed.
    """
    folder = Path(out)
    if not task.is_classification:
        raise UsageError("A second split needs classes.", "To forget is to become wrong.", "leave it out")
    task = settled(task, folder)
    about = {"selection": digest(task.train.ids), "second split": digest("halves")}
    wanted = record_of("effect", task, seed, about)
    if (folder / RECORD).exists():
        same(folder, found := read_record(folder), wanted)
        if found.done and (folder / EVIDENCE).exists():
            tidy(folder)  # it may have been killed between its last word and this
            return read_arrays(folder / EVIDENCE)[COLUMN]
    else:
        write_record(folder, wanted)
    sweep(folder)
    a, b = halves(len(task.train), seed)
    parts = []
    for name, (first, second) in {"a": (a, b), "b": (b, a)}.items():
        path = folder / f"first-{name}" / "forgotten.safetensors"
        if not path.exists():
            run = record(task, path.parent, seed, only=task.train.ids[first], progress=progress)
            write_arrays(
                path, {"correct": _forget(task, first, second, run.weights, spawn(seed, "second", name), progress)}
            )
        parts.append(read_arrays(path)["correct"])
    correct = np.concatenate(equally_long(parts), axis=1)[:, np.argsort(np.concatenate([a, b]))]
    kept_beside(folder, wanted, {COLUMN: correct})
    return correct


def _forget(
    task: Task, first: np.ndarray, second: np.ndarray, weights: dict, seed: int, progress: Progress | None
) -> np.ndarray:
    watched, seen = task.train.take(first), []
    bar = (progress or silent()).start("second", task.recipe.epochs)

    def look(state) -> None:
        logits = outputs(task, state.network, watched, state.device)
        seen.append(read(logits, scaled(task, watched.targets), task.classes)["correct"])
        bar.advance()

    with one_thread():
        fit(begin(task, second, seed, weights), events_of(task), each_epoch=look)
    bar.done()
    return np.stack(seen)
