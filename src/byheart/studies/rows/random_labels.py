"""Labels that follow no rule are fitted as well as those that do, and then nothing is known of new data."""

from __future__ import annotations

from dataclasses import replace

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.models.linear import linear
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, by_epoch, pictures, shuffled, trained

EPOCHS, EASY = 60, 0.2  # an example is easy when it is right from the first fifth of the epochs on


def without_the_claim(lab: Lab) -> Reading:
    """A linear map, which cannot fit what follows no rule, in place of the perceptron; for B18, labels dealt anew."""
    real = pictures(lab, train=lab.size(1_000, 200), test=600, epochs=lab.size(EPOCHS, 4))
    task = shuffled(real, lab.seed)
    run = trained(lab, task, "dealt")
    dealt = {"B18/real: fitted": accuracy(run, task), "B18/real: held out": accuracy(run, task, "test")}
    found = measured(lab, replace(real, network=linear))
    return Reading({**found.values, **dealt})


@study(
    Row("A01", (
        at_least("random: gap", 0.75, "training minus held-out accuracy of a network fitted to random labels"),
        at_least("constant: gap", -0.03, "the same of a constant answer"),
        at_most("constant: gap", 0.03, "the same of a constant answer"),
    )),
    Row("E01", (
        at_least("real: fitted", 0.99, "training accuracy, real labels"),
        at_least("random: fitted", 0.99, "training accuracy, random labels"),
        at_least("noise: fitted", 0.99, "training accuracy, noise in place of the inputs"),
        at_most("random: held out", 0.2, "held-out accuracy, random labels (chance is .1)"),
        at_most("noise: held out", 0.2, "held-out accuracy, noise in place of the inputs"),
        above("easy", 0.1, "share that is right from the first fifth of the epochs on, real labels above random ones"),
    ), paper="arpit2017"),
    Row("E04", (at_least("random: fitted", 0.999, "training accuracy, random labels"),), paper="arpit2017"),
    Row("B18", (
        at_least("real: fitted", 0.99, "training accuracy, real labels"),
        at_least("real: held out", 0.5, "held-out accuracy of the same network (chance is .1)"),
        at_most("random: held out", 0.2, "held-out accuracy after random labels"),
    )),
    control=without_the_claim, cost=18,
)  # fmt: skip
def random_labels(lab: Lab) -> Reading:
    """The same perceptron trained on real labels, on random labels and on noise in place of the inputs: digits."""
    return measured(lab, pictures(lab, train=lab.size(1_000, 200), test=600, epochs=lab.size(EPOCHS, 4)))


def measured(lab: Lab, real: Task) -> Reading:
    """All three trainings."""
    kinds = {"real": real} | {
        kind: plant(real, f"{planted}=1", lab.seed)
        for kind, planted in (("random", "random-labels"), ("noise", "random-inputs"))
    }
    found, curves, easy = {}, [], {}
    for kind, task in kinds.items():
        run = trained(lab, task, kind)
        found |= {f"{kind}: fitted": accuracy(run, task), f"{kind}: held out": accuracy(run, task, "test")}
        found[f"{kind}: gap"] = found[f"{kind}: fitted"] - found[f"{kind}: held out"]
        easy[kind] = float(run["correct"][int(EASY * run.epochs) :].all(0).mean())
        curves.append(
            Curve(
                f"{kind} labels" if kind != "noise" else "noise as inputs",
                range(1, run.epochs + 1),
                by_epoch(run, "train").tolist(),
            )
        )
    found["constant: gap"] = float((real.train.targets == 0).mean() - (real.test.targets == 0).mean())
    return Reading(found | {"easy": easy["real"] - easy["random"]}, curves, "epoch", "training accuracy")
