"""How long real labels, random labels and noise as inputs take to be fitted, and when they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.controls.setting import smaller
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.studies.criterion import above, below
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, epochs_to_fit, pictures, trained, with_recipe

KINDS = {"real": "", "random labels": "random-labels=1", "noise as inputs": "random-inputs=1"}
LONGEST, NARROW, WIDE = 150, 3, 256


def other_starts(lab: Lab) -> Reading:
    """Real labels and inputs thrice, from other starts, and the wide network in place of the narrow one."""
    return measured(lab, alike=True)


@study(
    Row("B09", (
        above("random labels later than real", 0, "epochs to fit random labels, above those for real ones, least of 6"),
        above("random labels later than noise", 0, "the same above those for noise as inputs, least of 6"),
        above("few of many: real later", 0, "epochs for real data above noise as inputs: 300 examples, 196 features"),
        above("many of few: noise later", 0, "epochs for noise as inputs above real data: 1,400 examples, 64 features"),
        below("narrow: fitted", 0.99, "random labels fitted by two layers of three units"),
    ), corrected="Networks fit what they are wide enough for; random labels take longest, and whether noise as inputs "
                 "takes longer than real data depends on how many examples there are for the features.",
        paper="arpit2017"),
    control=other_starts, cost=26, data=("mnist",),
)  # fmt: skip
def time_to_fit(lab: Lab) -> Reading:
    """Epochs until 99% of the training examples are right, for real data, random labels and noise as inputs: digits (64
    features) and MNIST (196), three sizes each; and a network of three units a layer.
    """
    return measured(lab, alike=False)


def measured(lab: Lab, alike: bool) -> Reading:
    """All sizes and kinds of both data; or real data thrice, from other starts."""
    sizes = (300, 700, 1_400) if not lab.small else (50,)
    found = {name: epochs(lab, name, sizes, alike) for name in ("digits", "mnist")}
    real, labels, noise = (np.stack([found[name][kind] for name in found]) for kind in KINDS)
    width = WIDE if alike else NARROW
    task = begun(lab, "digits", sizes[0], (width, width))
    narrow = plant(with_recipe(task, methods=()), "random-labels=1", lab.seed)
    values = {
        "random labels later than real": float((labels - real).min()),
        "random labels later than noise": float((labels - noise).min()),
        "few of many: real later": float((real - noise)[1, 0]),
        "many of few: noise later": float((noise - real)[0, -1]),
        "narrow: fitted": accuracy(trained(lab, narrow, "narrow"), narrow),
    }
    curves = [Curve(f"{kind}, {name}", list(sizes), found[name][kind].tolist()) for name in found for kind in KINDS]
    return Reading(values, curves, "training examples", "epochs until 99% are right")


def begun(lab: Lab, data: str, size: int, hidden: tuple[int, ...] = (WIDE, WIDE)) -> Task:
    """So many examples and a network that stops where they are fitted."""
    return pictures(lab, data, size, 200, hidden, epochs=lab.size(LONGEST, 2), lr=0.05, schedule="constant",
                    methods=("stop_at_loss=0.01",))  # fmt: skip


def epochs(lab: Lab, data: str, sizes: tuple[int, ...], alike: bool) -> dict[str, np.ndarray]:
    """Epochs to fit (sizes,) by kind; one more than were trained where they did not suffice. `alike`: all are real."""
    whole, found = begun(lab, data, max(sizes)), {}
    for k, (kind, planted) in enumerate(KINDS.items()):
        found[kind] = np.zeros(len(sizes))
        for j, size in enumerate(sizes):
            task = smaller(whole, size, lab.seed)
            task = task if alike or not planted else plant(task, planted, lab.seed)
            start = replace(lab, seed=lab.seed + 1_000 * k * alike)
            found[kind][j] = epochs_to_fit(trained(start, task, f"{data}-{k}-{j}"))
    return found
