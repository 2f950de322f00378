"""What is planted among the training examples is learned by heart, and told apart afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.diagnosis.blocks import blocks_of
from byheart.diagnosis.loss_mixture import loss_mixture
from byheart.diagnosis.shortcut_probe import predictor, shortcut_probe
from byheart.diagnosis.truth import auroc
from byheart.runs.run import Run
from byheart.runs.subsets import record_subsets
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import by_epoch, fitted, pictures, right, shuffled, trained

EPOCHS, WRONG, CANARIES, TINTED = 60, 0.1, 20, 0.9
MEMORIZED, HARDLY = 0.25, 0.1  # memorization from which on an example counts as memorized, and below which as not


def nothing_to_find(lab: Lab) -> Reading:
    """The same measures where there is nothing to find: wrong labels among labels that are all dealt anew, tints that
    say nothing in training either, ordinary examples in place of inputs of noise, random labels for the clean ones.
    """
    real = digits(lab)
    dealt = plant(shuffled(real, lab.seed), f"label-noise={WRONG}", lab.seed)
    chance = np.random.default_rng(lab.seed).permutation(len(real.train)) < CANARIES
    ordinary = replace(real, truth={"canary": chance})
    found = wrong_labels(dealt, trained(lab, dealt, "wrong")) | canaries(ordinary, trained(lab, ordinary, "canaries"))
    return Reading(found | tint(lab, real, 0.1) | alone(lab, shuffled(digits(lab, 400), lab.seed)))


@study(
    Row("B01", (
        at_least("wrong: fitted", 0.95, "wrong labels that are given back"),
        at_least("wrong: located", 0.9, "AUROC of the cumulative loss for wrong labels"),
        at_least("canary: fitted", 0.95, "labels of inputs of noise that are given back"),
        at_least("canary: located", 0.9, "AUROC of self-influence for inputs of noise"),
        above("tint: fitted", 0.0, "held-out accuracy where a random tint is that of the class, above where it is not"),
        above("tint: located", 0.0, "what the tint, dealt to others, costs more in training than held out, above the "
              "same of any other part of the input"),
    ), paper="arpit2017"),
    Row("B12", (
        at_most("median", HARDLY, "median memorization of examples with clean labels"),
        above("hardly", 0.5, "share of them with memorization below .1"),
        above("tail", 0.0, "share of them with memorization from .25 on"),
    ), paper="feldman2020"),
    Row("B16", (
        at_least("threshold", 0.9, "AUROC of the loss in the middle of training for wrong labels"),
        at_least("mixture", 0.9, "AUROC of the larger of two normal distributions fitted to that loss"),
        above("split", 0.5, "mean share of the right and of the wrong labels that the mixture puts on their side"),
    ), paper="arpit2017"),
    control=nothing_to_find, cost=28,
)  # fmt: skip
def locating(lab: Lab) -> Reading:
    """Wrong labels, a meaningless tint and inputs of noise planted among digits, each fitted and each found by a score;
    and the memorization of clean digits, by models on random subsets.
    """
    real = digits(lab)
    noisy, single = (plant(real, text, lab.seed) for text in (f"label-noise={WRONG}", f"canaries={CANARIES}"))
    run, wrong = trained(lab, noisy, "wrong"), noisy.truth["wrong"]
    found = wrong_labels(noisy, run) | canaries(single, trained(lab, single, "canaries")) | tint(lab, real, TINTED)
    found |= alone(lab, digits(lab, 400))
    by = {name: run["correct"][:, rows].astype(float).mean(1) for name, rows in (("right", ~wrong), ("wrong", wrong))}
    lines = {f"{name} labels fitted": values.tolist() for name, values in by.items()}
    lines["AUROC of the epoch's loss"] = [auroc(np.asarray(row, float), wrong)[0] for row in run["loss"]]
    return Reading(found, [Curve(n, range(1, run.epochs + 1), v) for n, v in lines.items()], "epoch", "share, AUROC")


def digits(lab: Lab, train: int = 1_000) -> Task:
    """What is planted into; the learning rate is given, so that none is looked for."""
    return pictures(lab, train=lab.size(train, 100), test=lab.size(600, 40), epochs=lab.size(EPOCHS, 3), lr=0.1)


def wrong_labels(task: Task, run: Run) -> dict[str, float]:
    """How far wrong labels are fitted, and told apart over training and in its middle: at half of the epochs until 99%
    of the training examples are right.
    """
    wrong, fit = task.truth["wrong"], by_epoch(run, "train") >= 0.99
    middle = np.asarray(run["loss"][(int(fit.argmax()) if fit.any() else run.epochs) // 2], np.float64)
    noise = loss_mixture(middle)
    return {
        "wrong: fitted": fitted(run, task),
        "wrong: located": auroc(score(run, names="cumulative_loss")["cumulative_loss"], wrong)[0],
        "threshold": auroc(middle, wrong)[0],
        "mixture": auroc(noise, wrong)[0],
        "split": float(((noise > 0.5)[wrong].mean() + (noise <= 0.5)[~wrong].mean()) / 2),
    }


def canaries(task: Task, run: Run) -> dict[str, float]:
    """How far canaries are fitted, and told apart by what each does to its own loss."""
    found = auroc(score(run, names="self_influence", task=task)["self_influence"], task.truth["canary"])
    return {"canary: fitted": fitted(run, task, "canary"), "canary: located": found[0]}


def tint(lab: Lab, real: Task, share: float) -> dict[str, float]:
    """What hangs on a tint that fits the class for a share of the training images, and means nothing held out."""
    task = plant(real, f"shortcut-colour={share}", lab.seed)
    run = trained(lab, task, "tint")
    ask, blocks = predictor(task, run.network(task)), blocks_of(task)
    parts = (task.train, task.held_out)
    rows = [shortcut_probe(ask, p.inputs, p.targets, blocks, 2, lab.seed) for p in parts]
    seen, new = ({row.block: row.cost.value for row in part} for part in rows)
    more = {name: seen[name] - new[name] for name in seen}
    fits, ok, colour = task.test.groups == "aligned", right(run, task, "test"), more.pop("colour")
    return {"tint: fitted": ok[fits].mean() - ok[~fits].mean(), "tint: located": colour - max(more.values())}


def alone(lab: Lab, task: Task) -> dict[str, float]:
    """How memorization is spread over the examples."""
    many = record_subsets(task, lab.size(20, 4), lab.folder / "subsets", lab.seed, jobs=1)
    memorization = score(None, many, "memorization_raw")["memorization_raw"]
    shares = {"hardly": (memorization < HARDLY).mean(), "tail": (memorization >= MEMORIZED).mean()}
    return shares | {"median": np.nanmedian(memorization)}
