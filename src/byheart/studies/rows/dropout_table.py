"""Dropout from none to all: how many new pictures are answered right."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.dropout import Dropout
from byheart.models.mlp import mlp
from byheart.studies.criterion import at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, pictures, trained

LESS = 0.0, 0.2, 0.5


def network(dropped: float):
    """What makes a perceptron that drops this share of its hidden units in training, all of them too."""

    def make(shape: tuple[int, ...], outputs: int) -> nn.Module:
        made = mlp(shape, outputs, hidden=(256, 256), dropout=0.5)
        for module in made.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropped
        return made

    return make


def none_dropped(lab: Lab) -> Reading:
    """No unit is dropped where all are said to be."""
    return Reading({"p = 1": learned(lab, 0.0)})


@study(
    Row("B26", (
        at_most("p = 1", 0.2, "accuracy on new data where all units are dropped (chance is .1)", published="82%"),
        at_least("p = 0.2", -0.01, "accuracy on new data with dropout of .2 above that without"),
        at_least("p = 0.5", -0.01, "the same with .5"),
        at_least("refused", 1.0, "whether the library's dropout refuses a share of 1"),
    ), corrected="Dropping every unit leaves no signal to learn from: accuracy is at chance. Up to one half, dropout "
                 "costs little or nothing on real labels."),
    control=none_dropped, cost=12,
)  # fmt: skip
def dropout_table(lab: Lab) -> Reading:
    """Digits, learned with dropout of 0, .2, .5 and 1 after both hidden layers: accuracy on new data."""
    found = {p: learned(lab, p) for p in (*LESS, 1.0)}
    values = {f"p = {p}": found[p] - found[0.0] for p in LESS[1:]}
    lines = [Curve("dropout", list(found), list(found.values()))]
    return Reading(values | {"p = 1": found[1.0], "refused": refused()}, lines, "share dropped", "accuracy on new data")


def learned(lab: Lab, dropped: float) -> float:
    """Accuracy on new data."""
    task = pictures(lab, train=lab.size(1_000, 100), epochs=lab.size(60, 3), lr=0.05, schedule="constant")
    task = replace(task, network=network(dropped))
    return accuracy(trained(lab, task, f"dropped-{dropped}"), task, "test")


def refused() -> float:
    """1 where a share of 1 is an error."""
    try:
        Dropout(1.0)
    except UsageError:
        return 1.0
    return 0.0
