"""How wide, and how deep, a network has to be before it fits a task, as the task takes more pieces to describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import nan

import numpy as np

from byheart.base.seeds import spawn
from byheart.data.made.parity import parity
from byheart.data.made.perceptron import perceptron
from byheart.data.made.slabs import slabs
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.runs.learner import Network
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study

Layers = tuple[int, ...]

SLABS, BITS = (2, 3, 5, 7), (1, 2, 3, 4)
WIDTHS: tuple[Layers, ...] = ((), (2,), (4,), (8,), (16,), (32,), (64,))  # of one hidden layer; none: linear
DEPTHS: tuple[Layers, ...] = ((), (12,), (12, 12), (12, 12, 12))
FITTED, RESTARTS = 0.99, 3  # fitted: so much of the training examples in one of so many trainings
FEW: Mapping[str, int] = {"train": 192, "test": 20}


def nothing_added(lab: Lab) -> Reading:
    """Two slabs in place of more, and one bit beside idle ones in place of a parity: one threshold does for all."""
    return measured(
        lab, lambda k: slabs(spawn(lab.seed, k), features=1, linear=0, slabs=2, **FEW),
        lambda k: parity(lab.seed, bits=1, idle=k - 1, **FEW),
    )  # fmt: skip


@study(
    Row("B11", (
        above("slabs, width", 0, "least width that fits 7 slabs minus that for 2 (none: a linear map)"),
        at_least("slabs, width: steps", 0, "least change of that width from 2 to 3, 5 and 7 slabs"),
        above("slabs, depth", 0, "hidden layers of 12 that fit 7 slabs minus those for 2"),
        at_least("slabs, depth: steps", 0, "least change of that depth from 2 to 3, 5 and 7 slabs"),
        above("parity, width", 0, "least width that fits the parity of 4 bits minus that for 1"),
        at_least("parity, width: steps", 0, "least change of that width from 1 bit to 2 (XOR), 3 and 4"),
    )),
    control=nothing_added, cost=31,
)  # fmt: skip
def complexity_of_tasks(lab: Lab) -> Reading:
    """The smallest of growing perceptrons that fits intervals of alternating classes, and the parity of bits."""
    return measured(
        lab, lambda k: slabs(lab.seed, features=1, linear=0, slabs=k, **FEW), lambda k: parity(lab.seed, bits=k, **FEW)
    )


def measured(lab: Lab, by_slabs: Callable[[int], Task], by_bits: Callable[[int], Task]) -> Reading:
    """The smallest sizes, tried from the smallest on, for tasks by the number of their pieces."""
    most, pieces = lab.size(len(WIDTHS), 3), slice(0, lab.size(len(SLABS), 2))
    slabs_of, bits_of = ({k: made(k) for k in ks[pieces]} for made, ks in ((by_slabs, SLABS), (by_bits, BITS)))
    found = {
        "slabs, width": least(lab, slabs_of, WIDTHS[:most], sum),
        "slabs, depth": least(lab, slabs_of, DEPTHS[:most], len),
        "parity, width": least(lab, bits_of, WIDTHS[:most], sum),
    }
    names = dict(zip(found, ("width, by slabs", "hidden layers, by slabs", "width, by bits of a parity"), strict=True))
    curves = [Curve(names[name], list(sizes), list(sizes.values())) for name, sizes in found.items()]
    return Reading(risen(found), curves, "slabs, or bits", "least width or depth that fits")


def least(
    lab: Lab, tasks: Mapping[int, Task], tried: Sequence[Layers], size: Callable[[Layers], int]
) -> dict[int, float]:
    """The size of the first network that fits each task; NaN where none does."""
    return {
        pieces: next((float(size(hidden)) for hidden in tried if fits(lab, task, hidden)), nan)
        for pieces, task in tasks.items()
    }


def fits(lab: Lab, task: Task, hidden: Layers) -> bool:
    """Whether one of three trainings ends with 99% of the training examples right."""
    recipe = Recipe(epochs=lab.size(80, 3), batch=32, optimizer="adamw", lr=0.03, methods=("stop_at_loss=0.05",))
    tried = replace(task, network=perceptron(*hidden), recipe=recipe)
    rows = np.arange(len(task.train))
    return any(
        (Network().fit(tried, rows, spawn(lab.seed, "restart", k))(task.train).argmax(1) == task.train.targets).mean()
        >= FITTED
        for k in range(lab.size(RESTARTS, 1))
    )


def risen(found: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """How much larger the network for most pieces is than that for fewest, and the least change on the way."""
    values = {name: np.array(list(sizes.values())) for name, sizes in found.items()}
    return {name: float(v[-1] - v[0]) for name, v in values.items()} | {
        f"{name}: steps": float(np.diff(v).min()) for name, v in values.items()
    }
