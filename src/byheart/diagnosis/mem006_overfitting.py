"""MEM006: the network does better on what it has seen than on what it has not."""

from __future__ import annotations

import math

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.final import final_loss
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.share import matrix, raw
from byheart.diagnosis.signs import accuracies
from byheart.diagnosis.turning import turn

POINTS = 0.05  # a gap in accuracy counts when the low end of its interval is above this
GUESS = 0.10  # a gap in loss counts when it is above this share of the loss of a guess
SIGNS = ("accuracy", "loss", "seen")


@check("MEM006", title="overfitting", severity="warn", needs="trajectory")
def overfitting(evidence: Evidence) -> Finding | None:
    """Two of three signs: high training and low held-out accuracy; a large loss gap; good on old, poor on new data.

    The third compares, for the same examples, models that had them with models that had not. The epoch is where the
    smoothed validation loss was least.
    """
    run = evidence.run
    assert run is not None
    if "validation_loss" not in run or "test_loss" not in run:
        raise NotApplicable("no held-out examples were recorded beside the trajectory")
    signs = {name: sign for name, sign in three(evidence).items() if sign.known}
    if len(signs) < 2:
        raise NotApplicable("only one of the three signs could be measured")
    shown = {name: sign for name, sign in signs.items() if holds(evidence, name, sign)}
    if len(shown) < 2:
        return None
    turned = turn(run)
    since = f" {turned.text.capitalize()}; test loss has changed by {turned.rise.shown} since."
    text = f"{len(shown)} of {len(signs)} signs: {'; '.join(sign.text for sign in shown.values())}.{since}"
    stop = f"stop at epoch {turned.epoch}: Recipe(epochs={turned.epoch}), or " if turned.turned else ""
    do = f"{stop}hold it back: Recipe(weight_decay=0.001), augment=, a smaller network, more data"
    nobody = evidence.task.train.ids[:0]
    return Finding("MEM006", "overfitting", "warn", nobody, len(evidence.task.train), text, do, {}, "memorization")


def three(evidence: Evidence) -> dict[str, Measure]:
    """The three signs by name: gap in accuracy, gap in loss, and gap between seen and unseen on the same examples."""
    found = {"accuracy": missing("accuracy", "classes"), "loss": loss_gap(evidence), "seen": seen_gap(evidence)}
    if evidence.task.is_classification:
        measures = accuracies(evidence)
        gap, train, test = measures["gap"], measures["train_accuracy"], measures["test_accuracy"]
        text = f"training accuracy {train.shown}, test accuracy {test.shown}"
        found["accuracy"] = Measure("accuracy", gap.value, gap.se, gap.low, gap.high, gap.n, text, gap.measured)
    return found


def holds(evidence: Evidence, name: str, sign: Measure) -> bool:
    """Whether a sign is large enough, at the low end of its interval."""
    task = evidence.task
    if name == "loss" or not task.is_classification:
        guess = math.log(task.outputs) if task.is_classification else 1.0  # regression: the variance of the targets
        return sign.low > GUESS * guess
    return sign.low > POINTS


def loss_gap(evidence: Evidence) -> Measure:
    """Test loss minus training loss of the trained network, both in eval mode."""
    rows, known = final_loss(evidence, "test"), final_loss(evidence, "train")
    rows, known = rows[np.isfinite(rows)], known[np.isfinite(known)]
    trained = float(known.mean()) if len(known) else math.nan
    if len(rows) < 2 or not math.isfinite(trained):
        return missing("loss", "a test set with at least two examples", "loss")
    value, se = float(rows.mean() - trained), float(rows.std(ddof=1) / math.sqrt(len(rows)))
    text = f"test loss {rows.mean():.3f} ± {2 * se:.3f}, training loss {trained:.3f}"
    return Measure("loss", value, se, value - 1.96 * se, value + 1.96 * se, len(rows), text, kind="loss")


def seen_gap(evidence: Evidence) -> Measure:
    """How much better models are on training examples that they had than others are on the same examples."""
    kind = "points" if evidence.task.is_classification else "loss"
    if evidence.many is None:
        return missing("seen", "byheart.record_subsets(task, models=20)", kind)
    values = raw(*matrix(evidence))
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return missing("seen", "more subset models", kind)
    value, se = float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
    sign = Measure("seen", value, se, value - 1.96 * se, value + 1.96 * se, len(values), kind=kind)
    unit = "accuracy" if kind == "points" else "loss"
    text = f"on the same examples models that had them are better by {sign.shown} ({unit})"
    return Measure("seen", value, se, sign.low, sign.high, len(values), text, kind=kind)
