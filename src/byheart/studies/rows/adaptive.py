"""Whether a controller holds what is lost beyond the examples near its target, and what it does for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.data.plant import plant
from byheart.methods.adaptive import Adaptive
from byheart.runs.run import Run
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, fitted, pictures, trained, with_recipe

TARGET, TOLERANCE = 0.05, 0.05  # of the log of the validation loss above its lowest: 5%, and as much again


@dataclass(frozen=True)
class Unheard(Adaptive):
    """The same signal, measured in the same way, and a controller whose answer never reaches the training."""

    def fit_start(self, state: Any) -> None:
        super().fit_start(state)
        state.own["adaptive"] |= {"strength": 0.0, "integral": 0.0}

    def epoch_end(self, state: Any) -> None:
        super().epoch_end(state)
        state.own["adaptive"] |= {"strength": 0.0, "integral": 0.0}


def unheard(lab: Lab) -> Reading:
    """The same signal in a training that the controller cannot change: plain training."""
    return measured(lab, Unheard(TARGET))


@study(
    Row("D11", (
        at_most("held", TARGET + TOLERANCE, "rise of the log validation loss above its lowest, in the second half"),
        above("answer", 0.0, "change of the strength after epochs above the target, minus that after epochs below"),
        above("less", 0.0, "wrong labels given back by plain training, above those given back under the controller"),
        above("better", 0.0, "test accuracy under the controller, above that of plain training"),
    ),),
    control=unheard, cost=10,
)  # fmt: skip
def adaptive(lab: Lab) -> Reading:
    """Digits with a fifth of wrong labels under a controller of dropout, weight decay and doubt that reads the
    validation loss: how far that loss rises, beside plain training.
    """
    return measured(lab, Adaptive(TARGET))


def measured(lab: Lab, controller: Adaptive) -> Reading:
    """A training with the controller and one without."""
    task = pictures(lab, train=lab.size(1_000, 150), test=lab.size(780, 100), epochs=lab.size(60, 6), lr=0.1)
    task = plant(task, "label-noise=0.2", lab.seed)
    arms = {"plain": task, "controlled": with_recipe(task, methods=(controller,))}
    runs: dict[str, Run] = {name: trained(lab, arm, name) for name, arm in arms.items()}
    kept = runs["controlled"]
    rise, strength = (np.asarray(kept[f"adaptive_{name}"], float) for name in ("rise", "strength"))
    change, over = np.diff(strength), rise[:-1] > TARGET
    free = (strength[:-1] > 0) & (strength[:-1] < 1)  # at an end it cannot go on
    moved = [float(change[mask].mean()) if mask.any() else 0.0 for mask in (over & free, ~over & free)]
    epochs = range(1, kept.epochs + 1)
    return Reading(
        {
            "held": rise[kept.epochs // 2 :].mean(),
            "answer": moved[0] - moved[1],
            "less": fitted(runs["plain"], task) - fitted(kept, task),
            "better": accuracy(kept, task, "test") - accuracy(runs["plain"], task, "test"),
        },
        [Curve("rise of the log validation loss", epochs, rise.tolist()),
         Curve("strength of the regularization", epochs, strength.tolist())],
        "epoch", "rise in nats, strength from 0 to 1",
    )  # fmt: skip
