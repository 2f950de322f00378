"""Training on generated examples beside the few that there are."""

from __future__ import annotations

import numpy as np

from byheart.base.seeds import spawn
from byheart.controls.generate import Generate, drawn
from byheart.controls.plan import Plan
from byheart.controls.rows import plain
from byheart.data.plant.rows import new_ids
from byheart.data.task import Task
from byheart.diagnosis.neighbours import nearest, points
from byheart.runs.single import record
from byheart.studies.criterion import above
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import accuracy, pictures, right

KINDS = ("mixup", "smote", "noise")
NETWORKS, TIMES = 2, 2  # networks a seed, and generated examples for each real one


def copies(lab: Lab) -> Reading:
    """As many exact copies in place of generated examples: nothing is near that was not there."""
    task = digits(lab)
    ids = plain(new_ids(task, "copy", TIMES * len(task.train)))
    sources = tuple(plain(task.train.ids)) * TIMES
    action = Generate("noise", ids, sources, (None,) * len(ids), (1.0,) * len(ids))
    before = gap(lab, task, len(task.train), "without")
    found = measured(lab, task, action, "copies")
    found["gap"] = before - found["gap"]
    return Reading({f"{kind}: {name}": value for kind in KINDS for name, value in found.items()})


@study(
    Row("D06", tuple(
        criterion
        for kind in KINDS
        for criterion in (
            above(f"{kind}: gap", 0.0, f"training minus held-out accuracy, without above with examples by {kind}",
                  when=f"with {kind}"),
            above(f"{kind}: new", 0.0, f"smallest distance of an example by {kind} from any that is given",
                  when=f"with {kind}"),
        )
    )),
    control=copies, cost=11,
)  # fmt: skip
def synthetic(lab: Lab) -> Reading:
    """Two hundred digits, and twice as many made of them by mixing two, between neighbours, or with noise: the gap
    between training and held-out accuracy with and without them, and how near they are to what is given.
    """
    task = digits(lab)
    n, found = len(task.train), {}
    before = gap(lab, task, n, "without")
    for kind in KINDS:
        of_kind = measured(lab, task, drawn(task, kind, np.arange(n), TIMES * n, lab.seed, ""), kind)
        found |= {f"{kind}: gap": before - of_kind["gap"], f"{kind}: new": of_kind["new"]}
    return Reading(found)


def digits(lab: Lab) -> Task:
    """Few digits to train on, and many held out."""
    return pictures(lab, train=lab.size(200, 60), test=lab.size(1_200, 100), epochs=lab.size(40, 3), lr=0.1)


def measured(lab: Lab, task: Task, action: Generate, name: str) -> dict[str, float]:
    """The gap of networks that learn the new examples too, and the smallest distance of a new one from any other."""
    n, more = len(task.train), Plan((action,)).apply(task)
    distance, _ = nearest(points(task, more.train)[n:], points(task, task.train), 1)
    return {"gap": gap(lab, more, n, name), "new": float(distance.min())}


def gap(lab: Lab, task: Task, real: int, name: str) -> float:
    """Accuracy on the real training examples minus that held out, the mean of some networks."""
    runs = [record(task, lab.folder / f"{name}-{k}", spawn(lab.seed, k)) for k in range(lab.size(NETWORKS, 1))]
    return float(np.mean([right(run, task)[:real].mean() - accuracy(run, task, "test") for run in runs]))
