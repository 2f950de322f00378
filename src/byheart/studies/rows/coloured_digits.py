"""Digits whose colour tells the label and means nothing: who finds the exceptions, and what is gained by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.registry import find
from byheart.data.made.bayat_classification import bayat_classification
from byheart.data.task import Task
from byheart.methods.eiil import EIIL
from byheart.methods.jtt import JTT
from byheart.methods.mat import MAT
from byheart.methods.xrm import XRM
from byheart.models.linear import linear
from byheart.runs.learner import Network
from byheart.runs.loop import begin
from byheart.runs.run import Run
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import right, trained, with_recipe

SETTINGS = {"A": "coloured_mnist", "B": "coloured_mnist_noisy"}
SAYS = {"A": "colour right for 95%", "B": "a quarter of the labels wrong, colour right for 85%"}
FIRST = 1  # epochs of a training that is to know what is easy alone
FINDERS = {
    "JTT": "mistakes after one epoch", "EIIL": "environment after one epoch", "XRM": "mistakes of twins",
    "small": "mistakes of a linear map",
}  # fmt: skip


def colour_says_nothing(lab: Lab) -> Reading:
    """The colour agrees with half of the labels in training too: there is no minority to be found or to gain by."""
    task = find("task", "coloured_mnist")(lab.seed, lab.size(5_000, 300), lab.size(10_000, 600), agree=0.5)
    found = measured(lab, with_recipe(task, epochs=lab.size(8, 2)))
    return Reading({f"{kind}: {name}": value for kind in SETTINGS for name, value in found.items()})


def found_by(finder: str) -> tuple:
    """That what one of them finds is richer in the minority than the training set is, in both settings."""
    return tuple(
        above(f"{kind}: {finder}, precision", 0, f"share of the minority in {FINDERS[finder]} ({finder}) minus that "
              f"in the training set, {says}") for kind, says in SAYS.items()
    )  # fmt: skip


@study(
    Row("C18", tuple(criterion for finder in FINDERS for criterion in found_by(finder))),
    Row("C25", (
        at_least("toy: aware", 0.85, "toy task: test accuracy of the minority, memorization-aware training"),
        at_most("toy: plain", 0.2, "toy task: test accuracy of the minority, plain training"),
        at_least("A: gain", 0.08, f"worst group, memorization-aware minus plain training, {SAYS['A']}"),
        at_least("B: gain", 0.2, f"worst group, memorization-aware minus plain training, {SAYS['B']}"),
    ), paper="bayat2024"),
    Row("C29", tuple(
        criterion for kind, says in SAYS.items() for criterion in (
            at_least(f"{kind}: XRM, recall", 0.95, f"share of the minority that the twins flag, {says}"),
            at_most(f"{kind}: XRM, majority", 0.05, f"share of the majority that they flag, {says}"),
            above(f"{kind}: flips", 0, f"share of labels that they turned, {says}"),
        )
    ), paper="pezeshki2023"),
    control=colour_says_nothing, cost=60, data=("mnist",),
)  # fmt: skip
def coloured_digits(lab: Lab) -> Reading:
    """Coloured MNIST without and with wrong labels: what a short training, twins and a linear map find of the digits in
    the wrong colour, and memorization-aware training against plain training; the latter on its toy task, too.
    """
    plain, aware = toy_of(lab, 0.1)
    values: dict[str, float] = {"toy: plain": plain, "toy: aware": aware}
    for kind, name in SETTINGS.items():
        task = find("task", name)(lab.seed, lab.size(5_000 if kind == "A" else 10_000, 300), lab.size(10_000, 600))
        task = with_recipe(task, epochs=lab.size(task.recipe.epochs, 2))
        found = measured(replace(lab, folder=lab.folder / kind), task)
        values |= {f"{kind}: {name}": value for name, value in found.items()}
    return Reading(values)


def toy_of(lab: Lab, misleading: float) -> tuple[float, float]:
    """Test accuracy of the toy task's minority: plain training, and memorization-aware with twins of plain means."""
    task = bayat_classification(lab.seed, features=lab.size(1_800, 30), misleading=misleading)
    plain = with_recipe(task, epochs=lab.size(1_000, 5))
    aware = with_recipe(plain, methods=(MAT(0.1, XRM(mean="plain")),))
    few = task.test.take(np.flatnonzero(task.test.groups == "minority"))
    fits = (Network().fit(t, np.arange(len(t.train)), lab.seed) for t in (plain, aware))
    found = [float((predict(few).argmax(1) == few.targets).mean()) for predict in fits]
    return found[0], found[1]


def measured(lab: Lab, task: Task) -> dict[str, float]:
    """Plain and memorization-aware training, and each finder's set against the digits in the wrong colour."""
    plain, aware = trained(lab, task, "plain"), trained(lab, with_recipe(task, methods=("mat",)), "aware")
    minority, sets = task.truth["conflicting"], found_sets(lab, task, aware)
    found = {"gain": worst(aware, task) - worst(plain, task), "flips": float(aware["xrm_flip_rate"][-1])}
    for finder, chosen in sets.items():
        found[f"{finder}, recall"] = float(chosen[minority].mean())
        found[f"{finder}, majority"] = float(chosen[~minority].mean())
        share = float(minority[chosen].mean()) if chosen.any() else float("nan")
        found[f"{finder}, precision"] = share - float(minority.mean())
    return found


def found_sets(lab: Lab, task: Task, aware: Run) -> dict[str, np.ndarray]:
    """Finder -> which training examples (n,) it takes for exceptions."""
    rows = np.arange(len(task.train))
    state = begin(task, rows, lab.seed)
    small = Network().fit(replace(task, network=linear), rows, lab.seed)
    return {
        "JTT": JTT(epochs=FIRST).error_set(state),
        "EIIL": EIIL(epochs=FIRST).inferred(state) == 1,
        "XRM": aware["xrm_cross_mistake"],
        "small": small(task.train).argmax(1) != task.train.targets,
    }


def worst(run: Run, task: Task) -> float:
    """Test accuracy of the group that is answered worst."""
    known, groups = right(run, task, "test"), np.asarray(task.test.groups)
    return min(float(known[groups == group].mean()) for group in np.unique(groups))
