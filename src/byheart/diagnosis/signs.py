"""Measured signs, by name, each with its uncertainty: what the verdict weighs and what the report prints."""

from __future__ import annotations

import math

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.groups import fit_of_worst_class, inside_worst, worst
from byheart.diagnosis.idle import idle_level, idle_worth
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.mem008_shortcut import shortcut_gap
from byheart.diagnosis.proportion import difference, wilson
from byheart.diagnosis.share import shares
from byheart.diagnosis.tree_groups import tree_gap
from byheart.diagnosis.turning import drop, peak, turn
from byheart.diagnosis.twins import compared

PAIRS = "a larger --budget, or byheart.utility(task, ids) with the memorized ids"


def measure(evidence: Evidence) -> dict[str, Measure]:
    """Every sign by name; those that could not be measured say what would buy them."""
    found = accuracies(evidence) | trends(evidence) | shares(evidence)
    found["utility"] = worth(evidence)
    found["worst_group"], found["worst_class"] = worst(evidence, "group"), worst(evidence, "class")
    found["tree_group"], found["shortcut"] = tree_gap(evidence), shortcut_gap(evidence)
    found["group_utility"], found["class_fit"] = inside_worst(evidence), fit_of_worst_class(evidence)
    found["idle"], found["idle_worth"] = idle_level(evidence), idle_worth(evidence)
    return found | compared(evidence)


def mean_of(name: str, values: np.ndarray, kind: str, text: str = "") -> Measure:
    """The mean of values with its interval: Wilson's for shares, two-sided normal for losses."""
    values = values[np.isfinite(values)]
    n = len(values)
    if n == 0:
        return missing(name, "held-out examples", kind)
    value = float(values.mean())
    if kind == "share":
        _, low, high = wilson(values.sum(), n)
        return Measure(name, value, (high - low) / 3.92, low, high, n, text or f"{value:.1%} of {n}", kind=kind)
    se = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    return Measure(name, value, se, value - 1.96 * se, value + 1.96 * se, n, text or f"{value:.3f} over {n}", kind=kind)


def accuracies(evidence: Evidence) -> dict[str, Measure]:
    """Accuracy (for regression, loss) of the trained network on training, validation and test examples, and the gap."""
    regression = not evidence.task.is_classification
    word, kind = ("loss", "loss") if regression else ("accuracy", "share")
    found: dict[str, Measure] = {}
    for part in ("train", "validation", "test"):
        try:
            right = final_correct(evidence, part)
        except NotApplicable:
            found[f"{part}_{word}"] = missing(f"{part}_{word}", "byheart.record(task)", kind)
            continue
        found[f"{part}_{word}"] = mean_of(f"{part}_{word}", -right if regression else right, kind)
    train, test = found[f"train_{word}"], found[f"test_{word}"]
    if train.known and test.known and not regression:
        value, low, high = difference(train.value * train.n, train.n, test.value * test.n, test.n)
        found["gap"] = Measure(
            "gap", value, (high - low) / 3.92, low, high, test.n, f"{value * 100:.1f} points from training to test"
        )
    elif train.known and test.known:
        value, se = test.value - train.value, math.hypot(train.se, test.se)
        found["gap"] = Measure(
            "gap", value, se, value - 1.96 * se, value + 1.96 * se, test.n, "test loss above training loss", kind="loss"
        )
    else:
        found["gap"] = missing("gap", "byheart.record(task)")
    return found


def trends(evidence: Evidence) -> dict[str, Measure]:
    """The turning epoch, the rise of the test loss since then, and the fall of test performance from its peak."""
    kind = "points" if evidence.task.is_classification else "loss"
    if evidence.run is None or "validation_loss" not in evidence.run:
        need = "a recorded trajectory with validation examples"
        return {
            n: missing(n, need, k)
            for n, k in (("turning_epoch", "epoch"), ("rise", "loss"), ("drop", kind), ("best_test_accuracy", "share"))
        }
    turned, best = turn(evidence.run), peak(evidence.run)
    epoch = float(turned.epoch)
    found = {
        "turning_epoch": Measure(
            "turning_epoch", epoch, math.nan, epoch, epoch, evidence.run.epochs, turned.text, kind="epoch"
        ),
        "rise": turned.rise,
        "drop": drop(evidence.run),
    }
    if evidence.task.is_classification:
        right = np.asarray(evidence.run["test_correct"][best - 1], np.float64)
        text = f"at epoch {best}, chosen on validation"
        found["best_test_accuracy"] = mean_of("best_test_accuracy", right, "share", text)
    return found


def worth(evidence: Evidence) -> Measure:
    """Utility of the memorized examples, as `byheart.utility` measured it; negative: training without them helps."""
    effect = evidence.effects.get("memorized")
    kind = "points" if evidence.task.is_classification else "loss"
    if effect is None:
        return missing("utility", PAIRS, kind)
    value, se, pairs = float(effect.utility), float(effect.se), len(effect.without)
    text = f"{len(effect.ids)} examples left out, {pairs} pairs"
    return Measure("utility", value, se, value - 1.96 * se, value + 1.96 * se, pairs, text, kind=kind)
