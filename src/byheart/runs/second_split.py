"""second_split: train on one half, then on the other alone, and watch the first being forgotten; both ways round."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from byheart.base.progress import Progress, silent
from byheart.base.seeds import spawn
from byheart.base.store import digest, read_arrays, sweep, write_arrays
from byheart.data.subsets import halves
from byheart.data.task import Task
from byheart.runs.evidence import read
from byheart.runs.learning_rate import settled
from byheart.runs.loop import begin, events_of, fit, one_thread, outputs
from byheart.runs.schema import RECORD, read_record, same, write_record
from byheart.runs.single import record, record_of, scaled


def second_split(task: Task, out: str | Path, seed: int = 0, progress: Progress | None = None) -> np.ndarray:
    """Whether each training example is still answered rightly (epochs, n), float16, after each epoch on the half
    without it.

    Eval mode, the recipe's learning rate and epochs in both phases (Maini et al. 2022). Read it with
    `byheart.scores.trajectory.second_split_forgetting`. The folder resumes like a run. Errors: RunError for a folder of
    another task or seed.
    """
    task, folder = settled(task), Path(out)
    wanted = record_of("effect", task, seed, {"second split": digest("halves")})
    if (folder / RECORD).exists():
        same(folder, read_record(folder), wanted)
    else:
        write_record(folder, wanted)
    sweep(folder)
    kept = np.full((task.recipe.epochs, len(task.train)), np.nan, np.float16)
    a, b = halves(len(task.train), seed)
    for name, (first, second) in {"a": (a, b), "b": (b, a)}.items():
        path = folder / f"forgotten-{name}.safetensors"
        if not path.exists():
            run = record(task, folder / f"first-{name}", seed, only=task.train.ids[first], progress=progress)
            write_arrays(
                path, {"correct": _forget(task, first, second, run.weights, spawn(seed, "second", name), progress)}
            )
        kept[:, first] = read_arrays(path)["correct"]
    write_record(folder, wanted.model_copy(update={"done": True}))
    return kept


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
