"""Twins of a run: the same task and seed, trained once more with one thing changed, to be compared with it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.progress import Progress, Stage, silent
from byheart.base.registry import every
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.runs.run import Run
from byheart.runs.single import record

DROPOUT = 0.5
DECAY = {"sgd": 1e-3, "adamw": 0.1}  # AdamW's is multiplied by a learning rate that is a hundredth of SGD's


@dataclass(frozen=True, eq=False)
class Twin:
    """A run that differs from another one of the same examples and seed in what `differs` says; `task` is its own."""

    run: Run
    task: Task
    differs: str

    @property
    def epochs(self) -> int:
        """How many epochs it was trained."""
        return self.run.epochs


def regularized_twin(run: Run, task: Task, out: str | Path, progress: Progress | None = None) -> Twin:
    """The same network trained for as many epochs as the run with dropout .5 after every activation and weight decay
    (.001 for SGD, .1 for AdamW).

    Regularization that the recipe or network has already is kept, and none of its kind added. The run is that of
    `task` as a whole. Errors: those of `record`.
    """
    recipe, network = task.recipe, task.build()
    decay = max(recipe.weight_decay, DECAY[recipe.optimizer])
    dropped = any(getattr(m, "p", 0) for m in network.modules() if "Dropout" in type(m).__name__) or any(
        "dropout" in (m if isinstance(m, str) else type(m).__name__).lower() for m in recipe.methods
    )
    kinds = tuple(kind for name, kind in every("activation").items() if isinstance(kind, type) and name != "identity")
    acts = any(isinstance(m, kinds) for m in network.modules())
    methods = recipe.methods if dropped or not acts else (*recipe.methods, f"dropout={DROPOUT}")
    same = dataclasses.replace(recipe, epochs=run.epochs, weight_decay=decay, methods=methods)
    dropout = "its own dropout" if dropped else f"dropout {DROPOUT}" if acts else "no dropout (it has no activations)"
    return twin(run, dataclasses.replace(task, recipe=same), out, f"{dropout}, weight decay {decay:g}", progress)


def stilled_twin(run: Run, task: Task, idle: np.ndarray, out: str | Path, progress: Progress | None = None) -> Twin:
    """The same network trained on inputs whose `idle` values (a mask of one input's shape) are the held-out median in
    every training example: what it learns without them.
    """
    if idle.shape != task.input_shape or not idle.any():
        raise UsageError(f"A mask of shape {idle.shape} marks no inputs.", do=f"mark some of {task.input_shape}")
    x = task.train.inputs.copy()
    x[:, idle] = np.median(task.held_out.inputs[:, idle], 0).astype(x.dtype)
    train = Examples(x, task.train.targets, task.train.ids, task.train.groups)
    quiet = dataclasses.replace(task, train=train)
    if task.scaling == "standard":  # the scale of the values that are learned from must stay the run's
        quiet.__dict__["scale"] = task.scale
    return twin(run, quiet, out, f"{idle.sum()} idle inputs held still", progress)


def twin(run: Run, task: Task, out: str | Path, differs: str, progress: Progress | None = None) -> Twin:
    """A twin of the run by a task that says what is different; UsageError when its examples are not the run's."""
    if not np.array_equal(run.ids, task.train.ids):
        raise UsageError("A twin is trained on the examples of its run.", do="give the run of the whole task")
    return Twin(record(task, out, run.record.seed, progress=Named(progress or silent(), "twin")), task, differs)


@dataclass(frozen=True)
class Named:
    """Progress of a training under another name."""

    whole: Progress
    name: str

    def start(self, name: str, total: int, begun: int = 0) -> Stage:
        """The stage, called what it is for."""
        return self.whole.start(self.name, total, begun)
