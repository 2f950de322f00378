"""The frontier: what settings memorize against what they know of new data, and the balance between."""

from __future__ import annotations

import numpy as np

from byheart.controls.frontier import undominated
from byheart.controls.sweep import sweep
from byheart.controls.swept import Sweep
from byheart.data.plant import plant
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures

WEAKER = {"weight_decay": [0, 1e-3, 1e-2, 1e-1], "dropout": [0, 0.3, 0.6, 0.9]}  # first: nothing hinders


def nothing_to_know(lab: Lab) -> Reading:
    """All labels are random, so that no balance is worth anything."""
    return measured(lab, 1.0)


@study(
    Row("A13", (
        at_least("unhindered: memorized", 0.9, "wrong labels fitted where nothing hinders it"),
        at_least("unhindered: test", 0.5, "test accuracy of the same network (chance is .1)"),
        at_least("frontier", 2, "settings on the frontier of wrong labels fitted against test accuracy"),
        above("chosen above unhindered", 0, "test accuracy of the setting chosen on validation, above no hindrance"),
        above("chosen above least", 0, "test accuracy of the chosen setting above the one that memorizes least"),
    )),
    control=nothing_to_know, cost=20,
)  # fmt: skip
def frontier(lab: Lab) -> Reading:
    """Perceptrons on digits of which a fifth has random labels, from no hindrance to strong weight decay and dropout:
    each on the plane of what it memorizes and what it knows.
    """
    return measured(lab, 0.2)


def measured(lab: Lab, noise: float) -> Reading:
    """The plane and its frontier."""
    task = pictures(lab, train=lab.size(700, 100), test=780, epochs=lab.size(60, 2), lr=0.05)
    vary = {name: levels if not lab.small else levels[::3] for name, levels in WEAKER.items()}
    task = plant(task, f"random-labels={noise}", lab.seed)
    found = sweep(task, vary, 1, lab.folder / "s", design="one-at-a-time", seed=lab.seed, jobs=1)
    memorized, test = (found.table[name].to_numpy(float) for name in ("wrong_fitted", "test"))
    best = found.best
    assert best is not None
    values = {
        "unhindered: memorized": float(memorized[0]), "unhindered: test": float(test[0]),
        "frontier": float(undominated(memorized, test).sum()),
        "chosen above unhindered": float(test[best] - test[0]),
        "chosen above least": float(test[best] - test[int(np.argmin(memorized))]),
    }  # fmt: skip
    curves = [*along(found, "weight_decay", "weight decay"), *along(found, "dropout", "dropout"), front(found)]
    return Reading(values, curves, "share of the wrong labels that is fitted", "test accuracy")


def along(found: Sweep, name: str, title: str) -> list[Curve]:
    """The settings in which nothing else hinders, from none of it to most."""
    others = [f.name for f in found.factors if f.name != name]
    rows = found.table[(found.table[others] == "0").all(axis=1)]
    return [Curve(title, rows["wrong_fitted"].tolist(), rows["test"].tolist())]


def front(found: Sweep) -> Curve:
    """The frontier, from those that memorize least on."""
    rows = found.frontier.sort_values("wrong_fitted")
    return Curve("frontier", rows["wrong_fitted"].tolist(), rows["test"].tolist())
