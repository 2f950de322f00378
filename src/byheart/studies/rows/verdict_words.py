"""Three trainings that all look near-perfect on their own examples: the verdict says which one generalizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.noisy import noisy
from byheart.data.made.regular import regular
from byheart.data.made.shortcut_core import shortcut_core
from byheart.data.task import Task
from byheart.diagnosis.audit import Audit, diagnose
from byheart.diagnosis.share import memorized
from byheart.runs.learning_rate import settled
from byheart.runs.subsets import record_subsets
from byheart.runs.twin import regularized_twin
from byheart.runs.utility import utility
from byheart.scores.table import score
from byheart.studies.criterion import at_least
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import trained, with_recipe

TRAIN, TEST = (700, 120), (780, 120)  # examples, and as many where only seeing that it runs is wanted
EPOCHS, MODELS, PAIRS = 60, 20, 3  # with fewer subset models the verdict does not say how much is memorized
WORDS = {"generalizing": ("none", "good"), "spurious": ("bad",), "memorizing": ("ugly",)}


def nothing_planted(lab: Lab) -> Reading:
    """Clean digits learned without regularization, in groups dealt at random: no rule but the digits is there, so that
    the words for a shortcut and for noise would be wrong.
    """
    task = regular(lab.seed, train=lab.size(400, 120), test=lab.size(400, 120), dropout=0.0, weight_decay=0.0)
    task = replace(task, **{part: dealt(getattr(task, part), lab.seed) for part in ("train", "validation", "test")})
    word = judged(lab, task, "nothing").verdict.word
    return Reading({kind: float(word in WORDS[kind]) for kind in ("spurious", "memorizing")})


@study(
    Row("C10", (
        at_least("least fitted", 0.99, "the smallest training accuracy of the three"),
        at_least("generalizing", 1, "verdict none or good on clean digits"),
        at_least("spurious", 1, "verdict bad where a colour says the class of 95%"),
        at_least("memorizing", 1, "verdict ugly where a fifth of the labels are random"),
    )),
    control=nothing_planted, cost=50,
)  # fmt: skip
def verdict_words(lab: Lab) -> Reading:
    """The verdict on three trainings on digits of known kind (clean, coloured by class, a fifth of the labels random),
    from 20 subset models, 3 pairs without the memorized and a regularized twin: 1 where its word is the right one.
    """
    n, m = lab.size(*TRAIN), lab.size(*TEST)
    tasks = {
        "generalizing": regular(lab.seed, train=n, test=m, dropout=0.0, weight_decay=0.0),
        "spurious": shortcut_core(lab.seed, train=n, test=m),
        "memorizing": noisy(lab.seed, train=n, test=m),
    }
    found, fitted, held_out = {}, {}, {}
    for kind, task in tasks.items():
        audit = judged(lab, task, kind)
        found[kind] = float(audit.verdict.word in WORDS[kind])
        fitted[kind], held_out[kind] = (audit.measures[f"{part}_accuracy"].value for part in ("train", "test"))
    found |= {f"{kind}: held out": value for kind, value in held_out.items()}
    return Reading(found | {"least fitted": min(fitted.values())})


def judged(lab: Lab, task: Task, name: str) -> Audit:
    """The audit of a training with all the evidence that a verdict weighs."""
    place = lab.folder / name
    task = settled(with_recipe(task, epochs=lab.size(EPOCHS, 3)))
    run = trained(lab, task, f"{name}/run")
    many = record_subsets(task, lab.size(MODELS, 2), place / "subsets", lab.seed, jobs=1)
    scores = score(run, many, names=["memorization"])
    effects: dict = {"twin": regularized_twin(run, task, place / "twin")}
    ids = np.sort(memorized(scores))
    if len(ids) >= 3:
        effects["memorized"] = utility(task, ids, lab.size(PAIRS, 2), place / "utility", seed=lab.seed, jobs=1)
    return diagnose(scores, task, effects)


def dealt(part: Examples, seed: int) -> Examples:
    """The examples in two groups, one in twenty in the smaller, that have nothing to do with them."""
    rare = generator(seed, "dealt", len(part)).random(len(part)) < 0.05
    return replace(part, groups=np.where(rare, "conflicting", "aligned"))
