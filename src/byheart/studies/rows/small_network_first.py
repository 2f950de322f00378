"""A small network masters the shortcut; a large one learns with less weight on what the small one masters."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.models.mlp import mlp
from byheart.runs.learner import Network
from byheart.studies.criterion import above
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import coloured, with_recipe

SHORTCUT, EPOCHS, IDLE = 0.95, 20, 10
KINDS = {
    "rings": "where the small network cannot learn the rule",
    "digits": "where it can learn much of the rule",
}


def nothing_is_a_shortcut(lab: Lab) -> Reading:
    """The shortcut says nothing of the class in training either."""
    found = {"rings": measured(lab, rings(lab, 0.5)), "digits": measured(lab, digits(lab, 0.1))}
    return Reading({f"{kind}: {name}": v for kind, values in found.items() for name, v in values.items()})


@study(
    Row("C16", (
        *(above(f"{kind}: small", 0, f"linear classifier: training accuracy where the shortcut is right minus where "
                f"it is not, {kind}") for kind in KINDS),
        *(above(f"{kind}: gain", 0, f"accuracy where the shortcut is random minus plain training, {kind}", when=when)
          for kind, when in KINDS.items()),
    ), paper="dagaev2021"),
    control=nothing_is_a_shortcut, cost=12, data=("mnist",),
)  # fmt: skip
def small_network_first(lab: Lab) -> Reading:
    """A linear classifier, and a large network that gives little weight to what it knows, against plain training: rings
    that no line parts beside a feature that mostly tells them, and digits in ten colours.
    """
    found = {"rings": measured(lab, rings(lab, SHORTCUT)), "digits": measured(lab, digits(lab, SHORTCUT))}
    return Reading({f"{kind}: {name}": v for kind, values in found.items() for name, v in values.items()})


def digits(lab: Lab, agree: float) -> Task:
    """Digits whose colour tells the class in a share of the training examples, and in a tenth at test."""
    return coloured(lab, agree, epochs=lab.size(EPOCHS, 2))


def rings(lab: Lab, agree: float) -> Task:
    """A ring inside a ring, a feature whose sign tells which in a share of the training examples and in half at test,
    and idle features of deviation .5.
    """
    train, validation, test = (
        ring(lab, part, lab.size(n, 60), share)
        for part, n, share in (("train", 500, agree), ("validation", 500, 0.5), ("test", 2_000, 0.5))
    )
    recipe, truth = Recipe(epochs=lab.size(60, 2), lr=0.05), {"conflicting": train.groups == "conflicting"}
    return Task(train, test, perceptron(64), recipe, validation, truth=truth)


def ring(lab: Lab, part: str, n: int, agree: float) -> Examples:
    """So many points of a part."""
    random = generator(lab.seed, "rings", part)
    y, right = random.integers(0, 2, n), random.random(n) < agree
    angle, radius = 2 * np.pi * random.random(n), 1 + y + 0.1 * random.standard_normal(n)
    sign = np.where(right, 2 * y - 1, 1 - 2 * y) * (1 + 0.1 * random.standard_normal(n))
    points = np.c_[radius * np.cos(angle), radius * np.sin(angle), 3 * sign, 0.5 * random.standard_normal((n, IDLE))]
    return Examples(points.astype(np.float32), y, np.arange(n), np.where(right, "aligned", "conflicting"))


def measured(lab: Lab, task: Task) -> dict[str, float]:
    """What the small network knows, and what the large one gains by it."""
    small = right(lab, replace(task, network=partial(mlp, hidden=())), "train")
    wrong = task.truth["conflicting"]
    plain, weighted = (right(lab, with_recipe(task, methods=m), "test").mean() for m in ((), ("too_good_to_be_true",)))
    return {"small": float(small[~wrong].mean() - small[wrong].mean()), "gain": float(weighted - plain)}


def right(lab: Lab, task: Task, part: str) -> np.ndarray:
    """Which examples (n,) of a part are answered right after training."""
    examples: Examples = getattr(task, part)
    return Network().fit(task, np.arange(len(task.train)), lab.seed)(examples).argmax(1) == examples.targets
