"""threshold_samples: train twice with some examples under a class that does not exist, to see what a wrong label can
reach.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.progress import Progress
from byheart.base.store import digest, read_arrays, sweep
from byheart.data.examples import Examples
from byheart.data.subsets import threshold_sets
from byheart.data.task import Task
from byheart.runs.beside import equally_long, kept_beside, tidy
from byheart.runs.learning_rate import settled
from byheart.runs.schema import EVIDENCE, RECORD, read_record, same, write_record
from byheart.runs.single import record, record_of

MARGIN, SAMPLE = "threshold_margin", "threshold_sample"


def threshold_samples(
    task: Task, out: str | Path, seed: int = 0, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Margins (epochs, n, 2) float32 of two runs, and which examples (2, n) had an extra class in each.

    Each run gives n // (K + 1) random examples the class K, which no network can learn but by heart; the two sets are
    disjoint, so every example keeps its label in one run at least (Pleiss et al. 2020). In the folder of a run, as
    `threshold_samples`, it is part of the run's evidence, and `score(run)` reads it. The folder resumes like a run.
    Errors: UsageError for regression and for too few examples; RunError for a folder of another task or seed.
    """
    folder = Path(out)
    if not task.is_classification:
        raise UsageError("Threshold samples need classes.", "They are given one that does not exist.", "leave them out")
    task = settled(task, folder)
    sets = threshold_sets(task.train.targets, task.classes, seed)
    about = {"selection": digest(task.train.ids), "threshold samples": digest(list(sets))}
    wanted = record_of("effect", task, seed, about)
    if (folder / RECORD).exists():
        same(folder, found := read_record(folder), wanted)
        if found.done and (folder / EVIDENCE).exists():
            tidy(folder)  # it may have been killed between its last word and this
            arrays = read_arrays(folder / EVIDENCE)
            return arrays[MARGIN], arrays[SAMPLE]
    else:
        write_record(folder, wanted)
    sweep(folder)
    margins, sample = [], np.zeros((2, len(task.train)), bool)
    for k, rows in enumerate(sets):
        run = record(with_extra_class(task, rows), folder / f"run-{k}", seed, progress=progress)
        margins.append(run["margin"])
        sample[k, rows] = True
    margin = np.stack(equally_long(margins), axis=2)
    kept_beside(folder, wanted, {MARGIN: margin, SAMPLE: sample})
    return margin, sample


def with_extra_class(task: Task, rows: np.ndarray) -> Task:
    """The task with one class more, which these training examples are given as their label."""
    targets = np.array(task.train.targets)
    targets[rows] = task.classes
    train = Examples(task.train.inputs, targets, task.train.ids, task.train.groups)
    return dataclasses.replace(task, train=train, classes=task.classes + 1, class_names=(), truth={})
