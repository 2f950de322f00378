"""Where an audit looks for memorization among the layers: of which examples, at what cost, kept in its folder."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import NotApplicable, RunError, TrainingFailed
from byheart.base.store import digest, read_json, write_json
from byheart.diagnosis.location import Location, layers_of, locate
from byheart.diagnosis.silenced import affordable

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.runs.run import Run
    from byheart.scores.table import Scores

KEPT = "located.json"
TABLES = ("rewound", "retrained", "gradients", "flipped")
CHECKPOINTS = 10  # after the start; at the usual 60 epochs one every 6
FEWEST = 5  # fewer flagged or memorized examples tell no layers apart
SHARE = 3  # retraining takes at most this part of the recipe's epochs for one layer
MOST = 2  # and, where there are many layers, about as much as so many trainings for all of them
FORWARD, GRADIENTS = 0.25, 1.25  # cost of accuracies, and of gradient norms, over that of one epoch of the watched run
CHECKPOINT = "nothing was trained here, so there are no checkpoints that layers could be rewound to"
NUMBERS = "the targets are numbers, not classes"


@dataclass(frozen=True, eq=False)
class Located:
    """A location with whose it is ("that MEM001 flags") and the epochs that each layer was trained alone."""

    location: Location
    whose: str
    epochs: int


def kept_along(task: Task) -> Task:
    """The task whose run keeps about ten checkpoints; as it is where it keeps some already, and for regression."""
    if not task.is_classification or every_so_often(task):
        return task
    methods = (*task.recipe.methods, f"checkpoints={-(-task.recipe.epochs // CHECKPOINTS)}")
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=methods))


def every_so_often(task: Task) -> int:
    """After how many epochs the task's run keeps a checkpoint; 0 where it keeps none."""
    from byheart.methods.checkpoints import Checkpoints
    from byheart.runs.loop import events_of

    return next((event.every for event in events_of(task) if isinstance(event, Checkpoints)), 0)


def retraining(task: Task) -> int:
    """Epochs that one layer is trained alone: at most a third of the recipe's."""
    whole, layers = task.recipe.epochs, len(layers_of(task.build(), {}))
    return max(1, min(whole // SHARE, MOST * whole // layers))


def trainings(task: Task) -> float:
    """What locating costs, in trainings of the watched run; `task` is the one that keeps checkpoints."""
    if not task.is_classification or not every_so_often(task):
        return 0.0
    layers, whole = len(layers_of(task.build(), {})), task.recipe.epochs
    checkpoints = 1 - (-whole // every_so_often(task))
    epochs = layers * retraining(task) + checkpoints * (layers * FORWARD + GRADIENTS)
    return epochs / whole + affordable(task)[1]


def located(run: Run, task: Task, scores: Scores, folder: Path) -> Located | str:
    """Where the memorized examples of a run sit, read back when it was found before; or why that cannot be told."""
    from byheart.base.provenance import versions
    from byheart.runs.loop import events_of

    if not task.is_classification:
        return NUMBERS
    if any(hasattr(event, "rebuild") for event in events_of(task)):
        return "a method of the recipe puts layers into the network that the task's own does not have"
    ids, whose = asked(task, run, scores)
    if not FEWEST <= len(ids) < len(task.train):
        return f"{len(ids)} examples are memorized and {FEWEST} are needed, with others beside them"
    epochs, (examples, _) = retraining(task), affordable(task)
    key = digest(run.record.digests, run.record.seed, ids, epochs, examples, versions())
    there = kept(folder / KEPT, key)
    if there is not None:
        return Located(Location(ids, **there), whose, epochs)
    try:
        found = locate(run, task, ids, epochs, examples)
    except (NotApplicable, TrainingFailed) as why:
        return str(why)
    write(folder / KEPT, key, found)
    return Located(found, whose, epochs)


def asked(task: Task, run: Run, scores: Scores) -> tuple[np.ndarray, str]:
    """Ids of the examples that are located, in the task's order, and who they are: those that MEM001 flags where there
    are enough, else those with a memorization of .25 or more, of which there may be none.
    """
    from byheart.base.registry import find
    from byheart.diagnosis.check import Evidence
    from byheart.diagnosis.share import memorized

    try:
        flagged = find("check", "MEM001")(Evidence(task, run, scores.many, scores))
        if flagged is not None and flagged.count >= FEWEST:
            return ordered(task, flagged.ids), "that MEM001 flags"
    except NotApplicable:
        pass
    try:
        return ordered(task, memorized(scores)), "with a memorization of .25 or more"
    except NotApplicable:
        return task.train.ids[:0], ""


def ordered(task: Task, ids: np.ndarray) -> np.ndarray:
    """Those ids in the order of the task's examples."""
    return task.train.ids[np.isin(task.train.ids, ids)]


def write(path: Path, key: str, found: Location) -> None:
    """Keep the tables of a location, with what they are of."""
    tables = {name: getattr(found, name).to_dict("list") for name in TABLES}
    said = {"unflipped": found.unflipped, "slow": found.slow}
    write_json(path, {"key": key, "tables": tables, "said": said, "whole": digest(tables, said)})


def kept(path: Path, key: str) -> dict[str, Any] | None:
    """The tables that were kept under this key, and what is said of them; None where there are none or they are
    damaged.
    """
    import pandas as pd

    try:
        found: Any = read_json(path)
        if found["key"] != key or found["whole"] != digest(found["tables"], found["said"]):
            return None
        said = {"unflipped": found["said"]["unflipped"], "slow": tuple(found["said"]["slow"])}
    except (RunError, KeyError, TypeError):
        return None
    return {name: pd.DataFrame(columns) for name, columns in found["tables"].items()} | said
