"""Causes of memorization, each alone and crossed: data, parameters, regularization, irrelevant features, no
augmentation.
"""

from __future__ import annotations

import numpy as np

from byheart.controls.factor_report import factor_report
from byheart.controls.sweep import sweep
from byheart.studies.criterion import above
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures

# From a network that fits some of the wrong labels and not all: there an effect is cut off on neither side. The first
# level is the cause, so that an effect is what the second takes away; of irrelevant features it is the other way round.
CROSSED = {"size": [300, 1_000], "hidden": ["32x32", "8x8"], "weight_decay": [0, 0.01]}
CAUSES = {**CROSSED, "irrelevant": [0, 16], "augment": ["none", "translate=1"]}
NAMES = {"size": "few examples", "hidden": "many parameters", "weight_decay": "no regularization",
         "irrelevant": "irrelevant features", "augment": "no augmentation"}  # fmt: skip
NOISE = 0.2
MAIN = tuple(above(f"{NAMES[name]}: main", 0, f"wrong labels fitted, main effect of {NAMES[name]}") for name in CROSSED)
SIZES, WIDTHS = (250, 500, 1_000), ("32x32", "256x256")


def other_starts(lab: Lab) -> Reading:
    """Nothing but the random start and the draw of the data differs where a cause did."""
    task = pictures(lab, train=lab.size(300, 100), test=100, hidden=(64, 64), epochs=lab.size(40, 2), lr=0.05)
    vary = {"random-labels": [NOISE]}
    starts = sweep(task, vary, 9, lab.folder / "starts", seed=lab.seed, jobs=1)
    wrong = starts.memorized[0]
    names = [*(f"{name}: alone" for name in NAMES.values()), *(f"{NAMES[name]}: main" for name in CROSSED)]
    return Reading({name: float(wrong[k + 1] - wrong[k]) for k, name in enumerate(names)})


@study(
    Row("B29", tuple(
        above(f"{name}: alone", 0, f"wrong labels fitted with {name}, above those without", when=f"for {name}")
        for name in NAMES.values()
    )),
    Row("D02", MAIN),
    Row("E02", (
        *MAIN,
        above("size: slope", 0, "epochs to fit a doubling of the examples adds: random labels above real ones"),
        above("width: slope", 0, "epochs to fit that an eightfold width saves: random labels above real ones"),
    ), paper="arpit2017"),
    control=other_starts, cost=23,
)  # fmt: skip
def factors(lab: Lab) -> Reading:
    """Wrong labels that a perceptron fits (a fifth of the digits has random ones) with each cause toggled alone,
    and with three crossed; and epochs to fit over sizes and widths.
    """
    task = pictures(lab, train=1_000, test=600, hidden=(8, 8), epochs=lab.size(60, 1), lr=0.05)
    noise, starts = {"random-labels": [NOISE]}, lab.size(3, 1)  # of 54 wrong labels one start fits now more, now fewer
    alone = sweep(task, {**CAUSES, **noise}, starts, lab.folder / "s", design="one-at-a-time", seed=lab.seed, jobs=1)
    crossed = {**CROSSED, "irrelevant": [0], "augment": ["none"]}
    grid = sweep(task, {**crossed, **noise}, starts, lab.folder / "s", seed=lab.seed, jobs=1)  # shares what is trained
    sign = {name: 1 if name == "irrelevant" else -1 for name in NAMES}
    values = {f"{NAMES[e.factor]}: alone": sign[e.factor] * e.memorized.value for e in factor_report(alone)}
    values |= {f"{NAMES[e.factor]}: main": sign[e.factor] * e.memorized.value for e in factor_report(grid)}
    slopes, curves = converging(lab)
    return Reading(values | slopes, curves, "training examples", "epochs until 99% are right")


def converging(lab: Lab) -> tuple[dict[str, float], list[Curve]]:
    """How many epochs more a doubling of the size takes and a wider network saves, random labels above real ones."""
    longest, sizes = lab.size(200, 2), list(SIZES if not lab.small else SIZES[:2])
    task = pictures(lab, train=sizes[-1], test=100, epochs=longest, lr=0.05, schedule="constant",
                    methods=("stop_at_loss=0.02",))  # fmt: skip
    size, width, curves = {}, {}, []
    for labels in ("none", "1"):
        vary = {"hidden": [WIDTHS[1], WIDTHS[0]], "size": sizes, "random-labels": [labels]}
        found = sweep(task, vary, 1, lab.folder / f"fit-{labels}", design="one-at-a-time", seed=lab.seed, jobs=1).table
        epochs = found["epochs_to_converge"].fillna(longest + 1).to_numpy(float)
        wide, narrow = epochs[: len(sizes)], epochs[len(sizes)]
        size[labels] = float(np.polyfit(np.log2(sizes), wide, 1)[0])
        width[labels] = float(narrow - wide[0])
        curves.append(Curve("random labels" if labels == "1" else "real labels", sizes, wide.tolist()))
    return {"size: slope": size["1"] - size["none"], "width: slope": width["1"] - width["none"]}, curves
