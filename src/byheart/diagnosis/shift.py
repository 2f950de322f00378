"""Test examples like the training examples beside others: what is lost from i.i.d. to o.o.d., with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from byheart.base.errors import DataError
from byheart.diagnosis.calibration import answers, calibration_error, negative_log_likelihood
from byheart.diagnosis.intervals import at_once, mean_measure, paired_points, share_measure, unpaired
from byheart.diagnosis.measure import Measure
from byheart.diagnosis.proportion import Z, difference


@dataclass(frozen=True, eq=False)
class Answers:
    """A network's outputs on one test set: ids (n,), raw outputs (n, classes), labels (n,).

    Two sets with the same ids are pairs, such as a text and its counterfactual rewriting.
    """

    ids: np.ndarray
    logits: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.logits) == len(self.targets):
            raise DataError(
                f"There are {len(self.ids)} ids, {len(self.logits)} outputs and {len(self.targets)} labels.",
                do="give one of each per example",
            )
        if len(np.unique(self.ids)) < len(self.ids):
            raise DataError("Some ids occur twice in one test set.", do="make ids unique")

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is right, (n,)."""
        return self.logits.argmax(1) == self.targets

    @property
    def nll(self) -> np.ndarray:
        """-log of the label's probability (n,) in nats."""
        return negative_log_likelihood(self.logits, self.targets)


@dataclass(frozen=True)
class ShiftRow:
    """One metric on both test sets, and o.o.d. minus i.i.d.; `pairs` says how many examples are in both, 0 for none."""

    name: str
    iid: Measure
    ood: Measure
    difference: Measure
    pairs: int


def shift(iid: Answers, ood: Answers) -> tuple[ShiftRow, ...]:
    """Accuracy, NLL and ECE on both test sets, side by side.

    Where both have the same ids the intervals of the differences are of pairs, otherwise of independent examples; that
    of the ECE holds for both. Errors: DataError when some ids are shared and others not: then neither fits.
    """
    shared = np.isin(iid.ids, ood.ids) if iid.ids.dtype.kind == ood.ids.dtype.kind else np.zeros(len(iid.ids), bool)
    if not shared.any():
        return _rows(iid, ood, independent_accuracy, independent_loss, 0)
    if not shared.all() or len(iid.ids) != len(ood.ids):
        raise DataError(
            f"{shared.sum()} ids of {len(iid.ids)} and {len(ood.ids)} are in both test sets.",
            "Some pairs among independent examples have no simple interval.",
            "give pairs only, or tell the ids of the two sets apart",
        )
    here, there = np.argsort(iid.ids), np.argsort(ood.ids)
    iid, ood = (Answers(a.ids[o], a.logits[o], a.targets[o]) for a, o in ((iid, here), (ood, there)))
    return _rows(iid, ood, paired_accuracy, paired_loss, len(iid.ids))


def _rows(
    iid: Answers,
    ood: Answers,
    accuracy: Callable[[Answers, Answers], Measure],
    loss: Callable[[Answers, Answers], Measure],
    pairs: int,
) -> tuple[ShiftRow, ...]:
    right = share_measure("accuracy", iid.right), share_measure("accuracy", ood.right)
    nll = mean_measure("nll", iid.nll, "loss"), mean_measure("nll", ood.nll, "loss")
    return (
        ShiftRow("accuracy", right[0], right[1], accuracy(iid, ood), pairs),
        ShiftRow("nll", nll[0], nll[1], loss(iid, ood), pairs),
        ShiftRow("ece", _ece(iid), _ece(ood), ece_difference(iid, ood), pairs),
    )


def independent_accuracy(iid: Answers, ood: Answers) -> Measure:
    """Accuracy o.o.d. minus i.i.d. of different examples, with the interval of Agresti and Caffo (2000)."""
    a, b = ood.right, iid.right
    value, low, high = difference(a.sum(), len(a), b.sum(), len(b))
    return Measure("accuracy", value, (high - low) / 3.92, low, high, min(len(a), len(b)))


def paired_accuracy(iid: Answers, ood: Answers) -> Measure:
    """Accuracy o.o.d. minus i.i.d. of the same ids, in the same order."""
    return paired_points("accuracy", ood.right.astype(float) - iid.right)


def independent_loss(iid: Answers, ood: Answers) -> Measure:
    """NLL o.o.d. minus i.i.d. of different examples, in nats."""
    return unpaired("nll", ood.nll, iid.nll, "loss")


def paired_loss(iid: Answers, ood: Answers) -> Measure:
    """NLL o.o.d. minus i.i.d. of the same ids, in the same order, in nats."""
    return mean_measure("nll", ood.nll - iid.nll, "loss")


def ece_difference(iid: Answers, ood: Answers) -> Measure:
    """ECE o.o.d. minus i.i.d.; its interval is made of two that hold at once, of pairs or not."""
    z = at_once(2)
    a, b = _ece(ood, z), _ece(iid, z)
    if not (math.isfinite(a.value) and math.isfinite(b.value)):
        return a if not math.isfinite(a.value) else b
    low, high = a.low - b.high, a.high - b.low
    return Measure("ece", a.value - b.value, (high - low) / 3.92, low, high, min(a.n, b.n), kind="ratio")


def _ece(part: Answers, z: float = Z) -> Measure:
    return calibration_error("ece", *answers(part.logits, part.targets), z=z)
