"""Factors -> settings: one level of each, and the task that it makes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.base.seeds import generator, spawn
from byheart.controls.arguments import with_arguments
from byheart.controls.vary import Factor
from byheart.data.irrelevant import with_irrelevant
from byheart.data.plant.limits import share
from byheart.data.task import Task
from byheart.runs.loop import events_of

DESIGNS = ("grid", "one-at-a-time")
POINTERS = ("duplicate_of",)  # truth that names training rows by their number


@dataclass(frozen=True)
class Setting:
    """One level of each factor: texts beside names, values beside where they take hold."""

    number: int
    names: tuple[str, ...]
    texts: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return " ".join(f"{name}={text}" for name, text in zip(self.names, self.texts, strict=True))

    def of(self, kind: str) -> dict[str, Any]:
        """What is set in one place: name -> value."""
        pairs = zip(self.places, self.values, strict=True)
        return {target: value for (there, target), value in pairs if there == kind}

    def task(self, base: Task, seed: int) -> Task:
        """The task with this setting. Data come first: plan, size, irrelevant features, then plants, drawn from `seed`.

        The size draws random training examples; smaller sizes are parts of larger ones. Errors: UsageError, DataError.
        """
        data, recipe = self.of("data"), self.of("recipe")
        task = planned(base, data.get("plan"))
        task = smaller(task, data.get("size"), seed)
        task = with_irrelevant(task, data.get("irrelevant") or 0, spawn(seed, "irrelevant"))
        for name, amount in self.of("plant").items():
            task = planted(task, name, amount, seed)
        network = with_arguments(data.get("network", task.network), self.of("network"))
        changes = {name: data[name] for name in ("augment", "scaling") if name in data}
        methods = acting(task, self.of("method").items(), data.get("method"))
        made = dataclasses.replace(task.recipe, **recipe, methods=methods)
        return dataclasses.replace(task, network=network, recipe=made, **changes)


def settings_of(factors: Sequence[Factor], design: str = "grid") -> tuple[Setting, ...]:
    """All combinations; or, one at a time, the first value of each factor and every other value beside those."""
    if design not in DESIGNS:
        raise UsageError(f"There is no design called {design!r}.", do=f"choose one of: {', '.join(DESIGNS)}")
    chosen = list(product(*(range(len(f.texts)) for f in factors)))
    if design == "one-at-a-time":
        chosen = [levels for levels in chosen if sum(level > 0 for level in levels) <= 1]
    return tuple(
        Setting(
            number, tuple(f.name for f in factors), tuple(f.texts[k] for f, k in zip(factors, levels, strict=True)),
            tuple((f.kind, f.target) for f in factors),
            tuple(f.values[k] for f, k in zip(factors, levels, strict=True)),
        )
        for number, levels in enumerate(chosen, start=1)
    )  # fmt: skip


def acting(task: Task, named: Any, beside: Any) -> tuple[Any, ...]:
    """The recipe's methods with some set (in their place), added at the end, or left out (None)."""
    methods = list(task.recipe.methods)
    for name, event in named:
        made = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=tuple(methods)))
        same = [isinstance(m, find("method", name).event) for m in events_of(made)]
        place = same.index(True) if any(same) else len(methods)
        methods = [m for m, gone in zip(methods, same, strict=True) if not gone]
        if event is not None:
            methods.insert(place, event)
    return (*methods, *([] if beside is None else [beside]))


def planned(task: Task, plan: Any) -> Task:
    """The task after a plan, at hand or in a file; none leaves it as it is."""
    if plan is None or plan == "none":
        return task
    from byheart.controls.plan import Plan  # here: a plan takes rows as a setting does

    return (Plan.load(plan) if isinstance(plan, str | Path) else plan).apply(task)


def planted(task: Task, name: str, amount: float | None, seed: int) -> Task:
    """The task with so much planted; None leaves it as it is."""
    from byheart.data.plant import plant

    return task if amount is None else plant(task, f"{name}={amount!r}", spawn(seed, "plant"))


def smaller(task: Task, size: Any, seed: int) -> Task:
    """The task with so many random training examples (a share below 1); None is all."""
    n = len(task.train)
    if size is None:
        return task
    known = isinstance(size, int | float) and not isinstance(size, bool)
    wanted = share("size", size, n) if known and 0 < size < 1 else size
    if not known or wanted != int(wanted) or not 2 <= wanted <= n:
        raise UsageError(f"size={size!r} cannot be drawn.", do=f"give 2 to {n} examples, a share below 1, or all")
    from byheart.controls.rows import taken

    return taken(task, np.sort(generator(seed, "size").permutation(n)[: int(wanted)]))


def only(task: Task, rows: np.ndarray) -> Task:
    """The task with the training examples at `rows`; what the truth says of them goes with them."""
    place = np.full(len(task.train) + 1, -1)  # the last entry is where -1, no row, leads
    place[rows] = np.arange(len(rows))
    truth = {name: place[mask[rows]] if name in POINTERS else mask[rows] for name, mask in task.truth.items()}
    return dataclasses.replace(task, train=task.train.take(rows), truth=truth)
