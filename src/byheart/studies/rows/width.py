"""Width: what larger networks memorize, and what they gain on new data."""

from __future__ import annotations

import numpy as np

from byheart.controls.sweep import sweep
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures

WIDTHS, MIDDLE = (8, 16, 32, 64, 128, 256), 64
NOISE = 0.8  # share of the inputs that are replaced, the largest below all


def one_width(lab: Lab) -> Reading:
    """Four starts of one width stand where six widths stood."""
    return measured(lab, (MIDDLE,) * 4)


@study(
    Row("A09", (
        above("random labels: trend", 0, "random labels fitted in as many epochs, change a doubling of the width"),
        at_least("real: trend", 0, "test accuracy on real labels, change a doubling of the width"),
    )),
    Row("E03", (
        above("noisy: gain", 0, "validation accuracy where four fifths of the inputs are noise, widest over narrowest"),
        above("noisy above real", 0, "that gain above the same gain where no inputs are noise"),
    ), corrected="Where inputs are noisy a larger network does better on new data: noise needs more capacity.",
        paper="arpit2017"),
    control=one_width, cost=14,
)  # fmt: skip
def width(lab: Lab) -> Reading:
    """Perceptrons of two layers of 8 to 256 units, as many epochs each: digits, with random labels, and with noise in
    place of most inputs.
    """
    return measured(lab, WIDTHS)


def measured(lab: Lab, widths: tuple[int, ...]) -> Reading:
    """All widths on all three kinds of data."""
    widths = widths[:: lab.size(1, len(widths) - 1)]
    real = pictures(lab, train=lab.size(1_000, 100), test=780, epochs=lab.size(30, 2), lr=0.05, schedule="constant")
    noisy = plant(real, f"random-inputs={NOISE}", lab.seed)
    labels = plant(real, "random-labels=1", lab.seed)
    tables = {name: by_width(lab, task, name, widths) for name, task in
              (("real", real), ("noisy inputs", noisy), ("random labels", labels))}  # fmt: skip
    doublings = np.log2(widths) if len(set(widths)) > 1 else np.arange(len(widths))
    gain = {name: float(found["validation"][-1] - found["validation"][0]) for name, found in tables.items()}
    values = {
        "random labels: trend": float(np.polyfit(doublings, tables["random labels"]["train"], 1)[0]),
        "real: trend": float(np.polyfit(doublings, tables["real"]["test"], 1)[0]),
        "noisy: gain": gain["noisy inputs"], "noisy above real": gain["noisy inputs"] - gain["real"],
    }  # fmt: skip
    shown = {"validation, real": ("real", "validation"), "validation, noisy inputs": ("noisy inputs", "validation"),
             "fitted, random labels": ("random labels", "train")}  # fmt: skip
    curves = [Curve(name, list(widths), tables[kind][part].tolist()) for name, (kind, part) in shown.items()]
    return Reading(values, curves, "units in each layer", "accuracy")


def by_width(lab: Lab, task: Task, name: str, widths: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Training, validation and test accuracy (widths,); widths that are all the same are starts of it."""
    alike = len(set(widths)) == 1
    hidden = [f"{w}x{w}" for w in dict.fromkeys(widths)]
    seeds = len(widths) if alike else 1
    cells = sweep(task, {"hidden": hidden}, seeds, lab.folder / name, seed=lab.seed, jobs=1).cells
    return {part: cells[part].to_numpy(float) for part in ("train", "validation", "test")}
