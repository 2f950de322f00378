"""Optimizers: how fast they fit, at which learning rates they cannot, and that each fits wrong labels too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.controls.sweep import sweep
from byheart.data.plant import plant
from byheart.studies.criterion import above, at_least, below
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import fitted, pictures, trained, with_recipe

RATES = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0)
PLAIN = {"momentum": 0.0, "clip": 0.0, "schedule": "constant"}
WAYS = {"sgd": {"lr": 0.05}, "adamw": {"optimizer": "adamw", "lr": 3e-3}, "whole set": {"lr": 0.5, "batch": 1_000}}


def nothing_varied(lab: Lab) -> Reading:
    """Seven starts at one learning rate; and for B28 a rate so small that the training error is not minimized."""
    rates = {f"B24/{name}": v for name, v in by_rate(lab, (0.1,) * len(RATES)).values.items()}
    return Reading(rates | {f"B28/{name}": v for name, v in by_way(lab, 1e-6, shorter=10).items()})


@study(
    Row("B24", (
        below("trend", 0, "epochs to fit, log 2, change a tenfold of the learning rate, where it is fitted at all"),
        at_least("fits", 3, "learning rates at which 99% are fitted"),
        at_least("largest: failed", 1, "whether the largest rate diverges or fits less than 99%"),
        at_least("diverged", 1, "learning rates flagged as diverged"),
    ), corrected="Epochs to convergence fall with the learning rate only up to a rate at which training diverges."),
    Row("B28", (
        *(at_least(f"{way}: wrong fitted", 0.99, f"wrong labels fitted by {says}")
          for way, says in (("sgd", "SGD"), ("adamw", "AdamW"), ("whole set", "gradient descent on the whole set"))),
        *(above(f"{way}: stopped fits less", 0, f"wrong labels fitted by {says}, above those with early stopping")
          for way, says in (("sgd", "SGD"), ("adamw", "AdamW"))),
    )),
    control=nothing_varied, cost=20,
)  # fmt: skip
def optimizers(lab: Lab) -> Reading:
    """Digits by plain SGD at learning rates from 0.001 to 10; and with a fifth of random labels by SGD, AdamW and
    gradient descent on all examples, to the end and with early stopping.
    """
    found = by_rate(lab, RATES)
    return replace(found, values={**found.values, **by_way(lab)})


def by_rate(lab: Lab, rates: tuple[float, ...]) -> Reading:
    """Epochs to fit at each rate; equal rates are starts of one."""
    task = pictures(lab, train=lab.size(500, 100), test=100, epochs=lab.size(100, 2), batch=16,
                    methods=("stop_at_loss=0.01",), **PLAIN)  # fmt: skip
    alike = len(set(rates)) == 1
    found = sweep(task, {"lr": sorted(set(rates))}, len(rates) if alike else 1, lab.folder / "rates", seed=lab.seed,
                  jobs=1).cells  # fmt: skip
    epochs, diverged = found["epochs_to_converge"].to_numpy(float), found["diverged"].to_numpy(float)
    reached = np.isfinite(epochs)
    place = np.arange(len(rates)) if alike else np.log10(rates)
    trend = np.polyfit(place[reached], np.log2(epochs[reached]), 1)[0] if reached.sum() > 1 else np.nan
    values = {
        "trend": float(trend), "fits": float(reached.sum()), "largest: failed": float(not reached[-1]),
        "diverged": float(diverged.sum()),
    }  # fmt: skip
    curve = Curve("plain SGD", [float(r) for r in np.log10(rates)], epochs.tolist())
    return Reading(values, [curve], "learning rate, log 10", "epochs until 99% are right")


def by_way(lab: Lab, rate: float | None = None, shorter: int = 1) -> dict[str, float]:
    """Wrong labels fitted by each optimizer, and how many fewer with early stopping."""
    values = {}
    task = plant(pictures(lab, train=lab.size(600, 100), test=400), "random-labels=0.2", lab.seed)
    for way, recipe in WAYS.items():
        recipe = recipe | ({"lr": rate} if rate else {})
        epochs = lab.size((200 if way == "whole set" else 80) // shorter, 2)
        whole = with_recipe(task, epochs=epochs, **recipe)
        values[f"{way}: wrong fitted"] = fitted(trained(lab, whole, way), whole)
        if way != "whole set":
            stopped = with_recipe(whole, methods=("early_stopping",))
            less = values[f"{way}: wrong fitted"] - fitted(trained(lab, stopped, f"{way}-stopped"), stopped)
            values[f"{way}: stopped fits less"] = less
    return values
