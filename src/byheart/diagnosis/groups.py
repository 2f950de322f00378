"""The weakest group: chosen on validation examples, read on test examples."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import difference

LEAST = 0.02  # smaller groups are exceptions, not groups
By = Literal["group", "class"]
NAME = {"group": "worst_group", "class": "worst_class"}
BUYS = {
    "group": "groups in the data: Examples(..., groups=...), for test examples too",
    "class": "byheart.record(task)",
}


def labels_of(evidence: Evidence, by: By, part: str) -> np.ndarray | None:
    """Group or class name of every example of a part; None where there are no groups or classes."""
    examples = getattr(evidence.task, part)
    if by == "group":
        return examples.groups
    if not evidence.task.is_classification:
        return None
    names = evidence.task.class_names
    return np.array([names[k] if names else str(k) for k in examples.targets])


def worst(evidence: Evidence, by: By) -> Measure:
    """Test accuracy of the weakest group minus the average (for regression: minus the loss), with its interval."""
    name, kind = NAME[by], "points" if evidence.task.is_classification else "loss"
    labels, chosen = labels_of(evidence, by, "test"), weakest(evidence, by)
    if labels is None or chosen is None:
        return missing(name, BUYS[by], kind)
    found = gap(name, final_correct(evidence, "test"), labels == chosen, f"{by} {chosen}", kind)
    return found or missing(name, BUYS[by], kind)


def gap(name: str, right: Float[np.ndarray, "n"], inside: Bool[np.ndarray, "n"], who: str, kind: str) -> Measure | None:
    """Mean of `right` inside a group minus that of all, with its interval; None when one side has fewer than two rows.

    `right` is correctness (kind "points") or minus the loss (kind "loss").
    """
    a, b, rest = right[inside], right[~inside], 1 - inside.mean()
    if len(a) < 2 or len(b) < 2:
        return None
    if kind == "points":
        value, low, high = (rest * x for x in difference(a.sum(), len(a), b.sum(), len(b)))
        said = f"{a.mean():.1%} right, on average {right.mean():.1%}"
    else:
        value = rest * float(a.mean() - b.mean())
        half = 1.96 * rest * float(np.hypot(a.std(ddof=1) / len(a) ** 0.5, b.std(ddof=1) / len(b) ** 0.5))
        low, high = value - half, value + half
        said = f"loss {-a.mean():.3f}, on average {-right.mean():.3f}"
    text = f"{who} ({inside.mean():.1%} of the test examples, {len(a)}): {said}"
    return Measure(name, float(value), float(high - low) / 3.92, float(low), float(high), len(a), text, kind=kind)


def weakest(evidence: Evidence, by: By) -> str | None:
    """The group of at least 2% of the held-out examples with the worst validation accuracy; None where that cannot be
    told.
    """
    there, test = labels_of(evidence, by, "validation"), labels_of(evidence, by, "test")
    if there is None or test is None:
        return None
    try:
        right = final_correct(evidence, "validation")
    except NotApplicable:
        return None
    both = np.concatenate([there, test])
    names = [g for g in np.unique(both) if (both == g).mean() >= LEAST and (there == g).any() and (test == g).any()]
    if len(names) < 2:
        return None
    return str(min(names, key=lambda g: right[there == g].mean()))


def fit_of_worst_class(evidence: Evidence) -> Measure:
    """Training accuracy minus test accuracy of the class that `worst` names: a class that was not learned has little
    of it.
    """
    chosen = weakest(evidence, "class")
    train, test = labels_of(evidence, "class", "train"), labels_of(evidence, "class", "test")
    if chosen is None or train is None or test is None or not (train == chosen).any():
        return missing("class_fit", BUYS["class"])
    a = final_correct(evidence, "train")[train == chosen]
    b = final_correct(evidence, "test")[test == chosen]
    value, low, high = difference(a.sum(), len(a), b.sum(), len(b))
    text = f"class {chosen}: {a.mean():.1%} right in training, {b.mean():.1%} held out"
    return Measure("class_fit", value, (high - low) / 3.92, low, high, len(b), text)


def inside_worst(evidence: Evidence) -> Measure:
    """Utility of the memorized inside the weakest given group, on its test examples."""
    effect, kind = evidence.effects.get("memorized"), "points" if evidence.task.is_classification else "loss"
    chosen, labels = weakest(evidence, "group"), labels_of(evidence, "group", "test")
    if chosen is None or labels is None:
        return missing("group_utility", BUYS["group"], kind)
    if effect is None or not hasattr(effect, "within"):
        return missing("group_utility", "byheart.utility(task, ids) with the memorized ids", kind)
    skipped = len(evidence.task.held_out) - len(labels)  # held-out rows are validation, then test
    value, se = effect.within(skipped + np.flatnonzero(labels == chosen))
    n = int((labels == chosen).sum())
    return Measure(
        "group_utility", value, se, value - 1.96 * se, value + 1.96 * se, n, f"inside group {chosen}", kind=kind
    )
