"""A colour that says the label in training and nothing in new data: what that costs, whom, and how sure answers are."""

from __future__ import annotations

import numpy as np

from byheart.data.examples import Examples
from byheart.data.made.coloured_mnist import coloured_mnist
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.group_metrics import GroupMetrics, group_metrics, metrics_of
from byheart.diagnosis.inferred_groups import InferredGroups, agreement
from byheart.diagnosis.shift import Answers, shift
from byheart.diagnosis.shortcut_probe import predictor
from byheart.methods.xrm import inferred_groups
from byheart.runs.run import Run
from byheart.scores.table import Scores
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import right, trained, with_recipe

AGREE, NEW = 0.95, 0.5  # how often the colour agrees with the label in training, and in new data
EPOCHS, TWINS = 15, 10  # the twins' labels have ceased to flip by then
MINORITY = ("y=0,green", "y=1,red")  # the colour is that of the other label


def colour_says_nothing(lab: Lab) -> Reading:
    """The same pictures and test sets, but in training the colour agrees with the label in half of the examples."""
    return measured(lab, NEW)


@study(
    Row("C02", (
        above("i.i.d.", 0.5, "accuracy on test examples like the training ones (chance is .5)"),
        above("o.o.d.", 0.5, "accuracy on the same pictures in random colours"),
        above("gap", 0, "the first minus the second"),
        at_least("exceptions: fitted", 0.99, "training accuracy on the exceptions to the colour"),
        above("exceptions: lost", 0, "training minus test accuracy on the exceptions"),
    ), paper="geirhos2020"),
    Row("C04", (
        above("over-confidence", 0, "confidence minus accuracy on test examples that the colour misleads"),
        above("ece", 0, "calibration error (ECE) of these minus that of the others"),
        above("nll", 0, "negative log-likelihood of these minus that of the others, in nats"),
    ), paper="geirhos2020"),
    Row("C12", (
        above("known: gap", 0, "average minus worst-group test accuracy, the group chosen on validation examples"),
        at_least("inferred: recall", 0.95, "share of the minority that is found as twins' mistakes, no groups given"),
        at_most("inferred: others", 0.05, "share of the majority that is taken for it"),
        above("inferred: gap", 0, "average minus worst accuracy of the groups found so, on validation examples"),
    ), paper="ye2024"),
    control=colour_says_nothing, cost=23, data=("mnist",),
)  # fmt: skip
def distribution_shift(lab: Lab) -> Reading:
    """A perceptron on digits below 5 against the others whose colour agrees with the label in 95% of the training
    examples: test sets of that kind and in random colours, metrics by group, and groups inferred by XRM.
    """
    return measured(lab, AGREE)


def measured(lab: Lab, agree: float) -> Reading:
    """One training on colours that agree so often, one of twins, and both test sets."""
    task = made(lab, agree, NEW)
    run = trained(lab, task, "plain")
    like, other = task.test, made(lab, agree, AGREE).test  # the same pictures
    logits = predictor(task, run.network(task))
    rows = {row.name: row for row in shift(answers(other, logits(other.inputs)), answers(like, logits(like.inputs)))}
    rare, rare_new = minority(task.train), minority(like)
    halves = group_metrics(run["final_test_logits"], like.targets, np.where(rare_new, "misled", "others"))
    misled, others, fitted = halves["misled"], halves["others"], float(right(run, task)[rare].mean())
    values = {
        "i.i.d.": rows["accuracy"].iid.value,
        "o.o.d.": rows["accuracy"].ood.value,
        "gap": -rows["accuracy"].difference.value,
        "exceptions: fitted": fitted,
        "exceptions: lost": fitted - misled.accuracy.value,
        "over-confidence": misled.over_confidence.value,
        "ece": misled.ece.value - others.ece.value,
        "nll": misled.nll.value - others.nll.value,
        "known: gap": gap(metrics_of(Evidence(task, run, None, Scores(task.train.ids, {})))),
    }
    seen, new = (np.asarray(run[name], np.float64) for name in ("correct", "test_correct"))
    lines = {"exceptions, training": seen[:, rare], "exceptions, test": new[:, rare_new], "others": new[:, ~rare_new]}
    curves = [Curve(name, range(1, run.epochs + 1), y.mean(1).tolist()) for name, y in lines.items()]
    return Reading(values | inferred(lab, run, task), curves, "epoch", "accuracy")


def made(lab: Lab, agree: float, held_out: float) -> Task:
    """The task; its pictures and training colours do not depend on how often held-out colours agree."""
    task = coloured_mnist(lab.seed, lab.size(5_000, 300), lab.size(4_000, 300), agree, held_out)
    return with_recipe(task, epochs=lab.size(EPOCHS, 2))


def minority(part: Examples) -> np.ndarray:
    """Which examples (n,) are exceptions to the colour."""
    return np.isin(np.asarray(part.groups), MINORITY)


def answers(part: Examples, logits: np.ndarray) -> Answers:
    """What a network says of a test set."""
    return Answers(part.ids, logits.astype(np.float64), part.targets)


def gap(found: GroupMetrics) -> float:
    """Average minus worst-group accuracy: of the group that was chosen on other examples, or else of the least."""
    worst = found.worst if found.worst.known else found.least
    return found.everyone.accuracy.value - worst.value


def inferred(lab: Lab, run: Run, task: Task) -> dict[str, float]:
    """The report without known groups: where twins that were trained on halves are mistaken."""
    twins = trained(lab, with_recipe(task, methods=("xrm",), epochs=lab.size(TWINS, 2)), "twins")
    mistaken, there = (np.asarray(twins[f"xrm_{part}cross_mistake"], bool) for part in ("", "validation_"))
    groups = InferredGroups(inferred_groups(task.train.targets, mistaken), mistaken, "cross-mistakes of twins")
    found, part = agreement(groups, np.asarray(task.train.groups), MINORITY), task.validation
    logits = np.asarray(run["final_validation_logits"])
    return {
        "inferred: recall": found.recall.value,
        "inferred: others": float(mistaken[~minority(task.train)].mean()),
        "inferred: gap": gap(group_metrics(logits, part.targets, inferred_groups(part.targets, there))),
    }
