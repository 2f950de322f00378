"""Grokking: a table is known by heart early and its rule found much later, and without weight decay not at all."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np

from byheart.data.examples import Examples
from byheart.data.made.modular_addition import modular_addition
from byheart.data.task import Task
from byheart.runs.run import Run
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import by_epoch, trained, with_recipe

MODULUS, EPOCHS, KNOWN = 59, 800, 0.99  # the share of right answers at which a part of the table is known


def answers_dealt(lab: Lab) -> Reading:
    """Half as many epochs, with weight decay, on the table with its answers dealt anew: there is no rule to find."""
    task = made(lab, 1.0)
    task = with_recipe(task, epochs=max(task.recipe.epochs // 2, 1))
    whole = {name: getattr(task, name) for name in ("train", "validation", "test")}
    answers = np.random.default_rng([lab.seed, 7]).permutation(np.concatenate([p.targets for p in whole.values()]))
    cuts = np.cumsum([len(part) for part in whole.values()])[:-1]
    given = zip(whole.items(), np.split(answers, cuts), strict=True)
    dealt: dict[str, Examples] = {name: replace(part, targets=own) for (name, part), own in given}
    run = trained(lab, replace(task, **dealt), "dealt")
    return Reading(measured(run))


@study(
    Row("C13", (
        at_least("times", 5, "epoch at which the held-out table is known (99%), over that of the learned one"),
        at_most("when known", 0.1, "held-out accuracy when 99% of the learned table is known"),
        at_least("held out", 0.99, "held-out accuracy at the end, weight decay 1"),
        above("later", 0, "epochs by which no weight decay is slower (never counts as the budget of 800)"),
    ), paper="power2022"),
    control=answers_dealt, cost=45,
)  # fmt: skip
def grokking(lab: Lab) -> Reading:
    """Accuracy on learned and held-out pairs of addition modulo 59, epoch by epoch, with weight decay and without."""
    runs = {f"weight decay {decay:g}": trained(lab, made(lab, decay), f"{decay:g}") for decay in (1.0, 0.0)}
    with_decay, without = runs.values()
    budget = with_decay.epochs
    values = measured(with_decay)
    values["later"] = min(known(held_out(without)), budget) - min(known(held_out(with_decay)), budget)
    shown = np.unique(np.geomspace(1, budget, 40).round().astype(int))
    curves = [
        Curve(f"{part}, {name}", shown.tolist(), line[shown - 1].tolist())
        for name, run in runs.items()
        for part, line in (("learned", by_epoch(run, "train")), ("held out", held_out(run)))
    ]
    return Reading(values, curves, "epoch", "accuracy")


def made(lab: Lab, decay: float) -> Task:
    """The task; a small table where only seeing that it runs is wanted."""
    task = modular_addition(lab.seed, lab.size(MODULUS, 11), weight_decay=decay)
    return with_recipe(task, epochs=lab.size(EPOCHS, 20))


def held_out(run: Run) -> np.ndarray:
    """Accuracy (epochs,) on all pairs that were not learned."""
    return np.concatenate([run["validation_correct"], run["test_correct"]], 1).mean(1, dtype=np.float64)


def known(line: np.ndarray) -> float:
    """The first epoch, counted from 1, with 99% right; infinite where there is none."""
    reached = np.flatnonzero(line >= KNOWN)
    return float(reached[0]) + 1 if len(reached) else np.inf


def measured(run: Run) -> dict[str, float]:
    """When the two halves of the table are known, and how far the held-out one is when the learned one is."""
    learned, other = known(by_epoch(run, "train")), known(held_out(run))
    there = np.isfinite(learned)
    return {
        "times": other / learned if there else nan,
        "when known": float(held_out(run)[int(learned) - 1]) if there else nan,
        "held out": float(held_out(run)[-1]),
    }
