"""Advice on a task: actions ranked by what they were seen to do to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from byheart.base.seeds import generator
from byheart.controls.advise import advise
from byheart.controls.candidates import candidates
from byheart.controls.drop import Drop
from byheart.controls.plan import Plan
from byheart.data.plant import plant
from byheart.diagnosis.audit import Audit, diagnose
from byheart.runs.subsets import record_subsets
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures, trained

ENOUGH, PAIRS = 3_600.0, 2  # seconds: every plan is measured, however busy the machine is
NULL, FEW = 6, 4  # plans that leave a few random examples out


def idle_plans(lab: Lab) -> Reading:
    """Plans that do next to nothing, four random examples left out, in place of those that fit the audit."""
    audit = audited(lab)
    random = generator(lab.seed, "idle plans")
    sets = [random.choice(audit.scores.ids, FEW, replace=False) for _ in range(NULL)]
    return measured(lab, audit, [Plan((Drop(tuple(rows.tolist())),)) for rows in sets])


@study(
    Row("E10", (
        at_least("measured", 3, "plans whose effect on this task is measured"),
        at_least("ranked", 1.0, "share of neighbours in the list whose first gains no less on validation examples"),
        above("first", 0.0, "test accuracy with the plan that is ranked first, above that without; test chose nothing"),
        above("worth", 0.0, "test accuracy with the plan that is ranked first, above that with the last"),
    )),
    control=idle_plans, cost=16,
)  # fmt: skip
def advice(lab: Lab) -> Reading:
    """An audit of digits with a fifth of wrong labels, every plan that fits it measured in two pairs of trainings, and
    what the first in the ranking does to test examples.
    """
    audit = audited(lab)
    return measured(lab, audit, candidates(audit))


def audited(lab: Lab) -> Audit:
    """What is advised upon."""
    task = pictures(lab, train=lab.size(300, 60), test=lab.size(1_400, 60), epochs=lab.size(30, 2), lr=0.1)
    task = plant(task, "label-noise=0.2", lab.seed)
    many = record_subsets(task, lab.size(8, 4), lab.folder / "subsets", lab.seed, jobs=1)
    return diagnose(score(trained(lab, task), many), task)


def measured(lab: Lab, audit: Audit, plans: Sequence[Plan]) -> Reading:
    """The advice on these plans."""
    plans = plans[: lab.size(len(plans), 3)]
    found = advise(audit, ENOUGH, lab.folder / "effect", seeds=PAIRS, seed=lab.seed, plans=plans, jobs=1)
    lines = [(a.measure.gain.value, a.change["test_accuracy"].gain.value) for a in found if a.measure and a.change]
    chosen, test = np.array(lines).T
    places = range(1, len(lines) + 1)
    return Reading(
        {
            "measured": len(lines),
            "ranked": float(np.mean([a >= b for a, b in pairwise(chosen)])),
            "first": test[0],
            "worth": test[0] - test[-1],
        },
        [Curve("validation examples, which rank", places, chosen.tolist()),
         Curve("test examples", places, test.tolist())],
        "place in the ranking", "accuracy gained",
    )  # fmt: skip
