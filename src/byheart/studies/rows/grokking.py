"""Grokking: a table is known by heart early and its rule found much later, and without weight decay not at all."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np

from byheart.data.examples import Examples
from byheart.data.made.modular_addition import modular_addition
from byheart.data.task import Task
from byheart.diagnosis.progress_measures import by_frequency, key_frequencies, logits_of, progress, waves
from byheart.runs.run import Run
from byheart.scores.checkpoint.sensitivity import gini
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import by_epoch, trained, with_recipe

MODULUS, EPOCHS, KNOWN = 59, 800, 0.99  # the share of right answers at which a part of the table is known
KEPT, HALF = 20, 0.5  # epochs between two looks inside; held-out accuracy before which the rule counts as not found


def answers_dealt(lab: Lab) -> Reading:
    """Half as many epochs, with weight decay, on the table with its answers dealt anew: there is no rule to find."""
    task = made(lab, 1.0)
    task = with_recipe(task, epochs=max(task.recipe.epochs // 2, 1))
    whole = {name: getattr(task, name) for name in ("train", "validation", "test")}
    answers = np.random.default_rng([lab.seed, 7]).permutation(np.concatenate([p.targets for p in whole.values()]))
    cuts = np.cumsum([len(part) for part in whole.values()])[:-1]
    given = zip(whole.items(), np.split(answers, cuts), strict=True)
    dealt: dict[str, Examples] = {name: replace(part, targets=own) for (name, part), own in given}
    task = replace(task, **dealt)
    run = trained(lab, task, "dealt")
    return Reading(measured(run) | inside(run, task)[0])


@study(
    Row("C13", (
        at_least("times", 5, "epoch at which the held-out table is known (99%), over that of the learned one"),
        at_most("when known", 0.1, "held-out accuracy when 99% of the learned table is known"),
        at_least("held out", 0.99, "held-out accuracy at the end, weight decay 1"),
        above("later", 0, "epochs by which no weight decay is slower (never counts as the budget of 800)"),
    ), paper="power2022"),
    Row("P03", (
        above("restricted: falls", 0, "loss of the key waves alone (nats), known by heart, above that while less than "
              "half is known held out"),
        above("excluded: rises", 0, "loss on the learned table without the key waves, end minus known by heart"),
        above("Gini: rises", 0, "Gini coefficient of the embedding over frequencies, end minus known by heart"),
    ), paper="nanda2023"),
    control=answers_dealt, cost=52,
)  # fmt: skip
def grokking(lab: Lab) -> Reading:
    """Accuracy on learned and held-out pairs of addition modulo 59, epoch by epoch, with weight decay and without; and
    every 20 epochs how far the answers are made of a few waves of a + b - c.
    """
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
    found, lines = inside(with_decay, made(lab, 1.0))
    return Reading(values | found, [*curves, *lines], "epoch", "accuracy; share of the largest loss")


def made(lab: Lab, decay: float) -> Task:
    """The task; a small table where only seeing that it runs is wanted."""
    task = modular_addition(lab.seed, lab.size(MODULUS, 11), weight_decay=decay)
    methods = (f"checkpoints={lab.size(KEPT, 5)}",) if decay else ()
    return with_recipe(task, epochs=lab.size(EPOCHS, 20), methods=methods)


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


def inside(run: Run, task: Task) -> tuple[dict[str, float], list[Curve]]:
    """The progress measures at every kept epoch, and what they did after the table was known by heart."""
    kept, p = run.checkpoints, task.classes
    tables = [logits_of(run.network(task, weights), task) for weights in kept.values()]
    learned = np.zeros((p, p), bool)
    learned[tuple(task.train.inputs.astype(int).T)] = True
    keys = key_frequencies(waves(tables[-1]))
    seen = [progress(one, learned, keys) for one in tables]
    restricted, excluded = (np.array([getattr(m, name) for m in seen]) for name in ("restricted", "excluded"))
    even = np.array([gini(by_frequency(weights["table.weight"])) for weights in kept.values()])
    epochs, by_heart, rule = np.array(list(kept)), known(by_epoch(run, "train")), held_out(run) >= HALF
    start = min(int(np.searchsorted(epochs, min(by_heart, run.epochs))), len(epochs) - 1)
    last = int(np.searchsorted(epochs, rule.argmax() if rule.any() else run.epochs, side="right")) - 1
    values = {
        "restricted: falls": float(restricted[start] - restricted[max(last, start)]),
        "excluded: rises": float(excluded[-1] - excluded[start]), "Gini: rises": float(even[-1] - even[start]),
    }  # fmt: skip
    lines = {"restricted loss": restricted, "excluded loss": excluded}
    return values, [Curve(n, epochs[1:].tolist(), (v[1:] / v[1:].max()).tolist()) for n, v in lines.items()]
