"""What every method says of itself, held against what it does: groups, a second network, where it takes hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from byheart.base.registry import every
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.methods.example_weights import ExampleWeights
from byheart.methods.method import MethodSpec
from byheart.methods.observed import observed
from byheart.studies.criterion import at_least
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures

PLACES = ("loss", "sample", "representation")
SAYS = "share of the methods that are as they say:"


def tags_dealt_anew(lab: Lab) -> Reading:
    """The same methods, each under the tags of another one, dealt at random."""
    specs = list(every("method").values())
    order = generator(lab.seed, "tags").permutation(len(specs))
    return held(lab, {spec.name: specs[k] for spec, k in zip(specs, order, strict=True)})


@study(
    Row("C20", (
        at_least("groups", 1, f"{SAYS} refuses examples without groups, or does not"),
        at_least("twice", 1, f"{SAYS} a second network learns from the inputs, or none"),
        at_least("loss", 1, "share of the methods said to act on the loss under which it is another one"),
        at_least("sample", 1, f"{SAYS} chooses among the examples or how often each is seen, or does not"),
        at_least("representation", 1, f"{SAYS} acts inside the network, or does not"),
    ), paper="ye2024"),
    control=tags_dealt_anew, cost=6, package="opacus",
)  # fmt: skip
def method_registry(lab: Lab) -> Reading:
    """Every registered method in two short trainings, with groups and without, watched from inside the loop: whether
    what it does is what its tags say (needs groups, trains twice, loss, sample or representation).
    """
    return held(lab, every("method"))


def held(lab: Lab, tags: Mapping[str, MethodSpec]) -> Reading:
    """What each method was seen to do, against the tags that are given to it."""
    task = grouped(lab)
    names = [name for k, name in enumerate(tags) if not lab.small or k % 6 == 0]
    seen = {name: observed(task, given(name, task, lab.seed), lab.seed) for name in names}
    right = {
        "groups": [seen[name].refused == tags[name].needs_groups for name in names],
        "twice": [(seen[name].networks > 1) == tags[name].trains_twice for name in names],
        # penalties on weights and mixed inputs change the loss too, so that only those that say so are asked
        "loss": ["loss" in seen[name].places for name in names if tags[name].acts_on == "loss"],
    }
    right |= {p: [(p in seen[name].places) == (tags[name].acts_on == p) for name in names] for p in PLACES[1:]}
    counts = {f"methods on the {place}": sum(tags[name].acts_on == place for name in names) for place in PLACES}
    return Reading({name: sum(shares) / max(len(shares), 1) for name, shares in right.items()} | counts)


def given(name: str, task: Task, seed: int) -> Any:
    """The method with its defaults; weights, which by default are equal, are drawn."""
    if name != "example_weights":
        return name
    return ExampleWeights(generator(seed, "weights").uniform(0.5, 1.5, len(task.train)))


def grouped(lab: Lab) -> Task:
    """Digits in two groups that cross the classes, for a perceptron."""
    task = pictures(lab, train=150, test=200, hidden=(32,), epochs=2, lr=0.1)

    def of(part: Examples) -> Examples:
        return replace(part, groups=np.where(part.ids % 2, "odd", "even"))

    return replace(task, train=of(task.train), validation=of(task.validation), test=of(task.test))
