"""What memory gives away of its examples, what less memory does about it, and what a promise of privacy is worth."""

from __future__ import annotations

import numpy as np

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.privacy.answers import answers_of
from byheart.privacy.dp_audit import bonferroni
from byheart.privacy.dp_claim import canary_scores
from byheart.privacy.leakage import first_look
from byheart.runs.run import Run
from byheart.runs.subsets import record_subsets
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures, trained, with_recipe

MODELS, CANARIES = 16, 400
WAYS = {"plain": (), "regularized": ("dropout=0.5", "early_stopping"), "strict": ("dp_sgd=1",), "loose": ("dp_sgd=8",)}
AT = {"strict": "at epsilon 1", "loose": "at epsilon 8"}


def never_inserted(lab: Lab) -> Reading:
    """Models after a single epoch, which have learned nothing by heart; and the canaries' coins tossed again after
    training.
    """
    once = with_recipe(clothes(lab), epochs=1)
    found = {"plain: hits": attacked(lab, once, "once")[1], "regularized: less": 0.0}
    planted = canaries(lab)
    bounds = {name: bound(trained(lab, with_recipe(planted, methods=WAYS[name]), name), planted, lab.seed)
              for name in ("plain", "strict")}  # fmt: skip
    return Reading(found | {f"P06/{name}: bound": value for name, value in bounds.items()})


@study(
    Row("B35", (
        above("plain: AUC", 0.5, "AUC of the attack on networks that fit their examples"),
        above("plain: hits", 0.01, "members found there at 1 false alarm in 100"),
        above("regularized: less", 0.0, "that AUC above the one with dropout and early stopping"),
        *(at_most(f"{name}: off half", 0.03, "AUC with differential privacy, distance from a half", when=when)
          for name, when in AT.items()),
    )),
    Row("P06", (
        above("plain: bound", 0.0, "lower bound on epsilon from one training without privacy"),
        at_most("strict: bound", 1.0, "the same bound after training at epsilon 1"),
    ), paper="steinke2023"),
    control=never_inserted, cost=51, data=("fashion_mnist",), package="opacus",
)  # fmt: skip
def privacy_risk(lab: Lab) -> Reading:
    """Sixteen perceptrons on halves of 1,000 pictures of clothes, plain, regularized and by DP-SGD, each attacked in
    turn with the others as references; and one training each with 400 canaries that a coin put in or left out.
    """
    auc = {}
    for name, methods in WAYS.items():
        auc[name], hits = attacked(lab, with_recipe(clothes(lab), methods=methods), name)
        auc.setdefault("hits", hits)
    planted = canaries(lab)
    bounds = {
        f"{name}: bound": bound(trained(lab, with_recipe(planted, methods=WAYS[name]), f"{name}-run"), planted)
        for name in ("plain", "strict")
    }
    off = {f"{name}: off half": abs(auc[name] - 0.5) for name in AT}
    less = auc["plain"] - auc["regularized"]
    return Reading(bounds | off | {"plain: AUC": auc["plain"], "plain: hits": auc["hits"], "regularized: less": less})


def clothes(lab: Lab) -> Task:
    """A thousand pictures and a perceptron."""
    return pictures(lab, "fashion_mnist", lab.size(1_000, 120), 200, (64,), epochs=lab.size(40, 2), lr=0.1)


def attacked(lab: Lab, task: Task, name: str) -> tuple[float, float]:
    """AUC of the attack that is trusted with so many models, and members found at 1 false alarm in 100."""
    many = record_subsets(task, lab.size(MODELS, 6), lab.folder / name, lab.seed, share=0.5, jobs=1)
    found = first_look(answers_of(many)).measured
    return found.auc, found.at[-1].rate.value


def canaries(lab: Lab) -> Task:
    """The task with wrongly labelled pictures, each inserted by a coin."""
    return plant(clothes(lab), f"coin-canaries={lab.size(CANARIES, 40)}", lab.seed)


def bound(run: Run, task: Task, again: int | None = None) -> float:
    """The lower bound on epsilon, by the coins that were tossed, or by others."""
    scores, inserted = canary_scores(run, task)
    if again is not None:
        inserted = np.random.default_rng([again, 12]).random(len(scores)) < 0.5
    return bonferroni(scores, inserted).epsilon
