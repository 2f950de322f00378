"""Penalties on weights: L1 makes them few, L2 makes them small; and how a penalty meets the optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from byheart.runs.single import record
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures

SMALL = 1e-3  # a weight below is as good as none
L1 = (0.0, 1e-4, 3e-4, 1e-3)
ALIKE = 1e-2  # the strength at which decay and the term of the loss are compared
SGD, ADAMW = {"lr": 0.05}, {"optimizer": "adamw", "lr": 1e-3}
DECAYS = {"sgd": (SGD, (0.0, 1e-4, 1e-3, ALIKE)), "adamw": (ADAMW, (0.0, ALIKE, 0.1, 1.0))}


def other_penalty_or_none(lab: Lab) -> Reading:
    """For L1, L2 of the same strengths in its place; for L2, no penalty and another network at every step."""
    squares, _ = sparse(lab, "l2", "l2")
    norms = {name: [norm(lab, k, **recipe) for k in range(4)] for name, (recipe, _) in DECAYS.items()}
    fallen = {f"{name}: least fall": least_fall(each) for name, each in norms.items()}
    fallen["adamw above loss"] = float(np.log10(norms["adamw"][1] / norms["adamw"][0]))
    return Reading({f"D08/{name}": v for name, v in squares.items()} | {f"D09/{n}": v for n, v in fallen.items()})


@study(
    Row("D08", (
        above("penalty: least rise", 0, "rise of the share of weights below 0.001, least of three steps, penalty"),
        above("proximal: least rise", 0, "the same, proximal step"),
        above("proximal: zeros", 0, "share of weights that are exactly 0 at the largest strength, proximal step"),
        above("zeros", 0, "that share, proximal step minus penalty"),
    )),
    Row("D09", (
        above("sgd: least fall", 0, "share by which the weights' norm falls, least of three steps, SGD"),
        above("adamw: least fall", 0, "the same, AdamW"),
        at_most("sgd: apart", 0.01, "SGD: relative difference in norm between decay and L2 in the loss"),
        above("adamw above loss", 0, "Adam: log10 of the norm under decay minus that under L2 in the loss, both 0.01"),
    ), paper="krogh1992"),
    control=other_penalty_or_none, cost=18,
)  # fmt: skip
def sparsity(lab: Lab) -> Reading:
    """Weights of a perceptron on digits under L1 by a penalty and by proximal steps, and under L2 by decay and in
    the loss, with SGD and with AdamW, at three strengths above 0.
    """
    values, curves = sparse(lab, "l1", "l1_proximal")
    norms = {
        name: [norm(lab, 0, weight_decay=strength, **recipe) for strength in strengths]
        for name, (recipe, strengths) in DECAYS.items()
    }
    values |= {f"{name}: least fall": least_fall(each) for name, each in norms.items()}
    in_loss = {name: norm(lab, 0, methods=(f"l2={ALIKE}",), **recipe) for name, (recipe, _) in DECAYS.items()}
    values["sgd: apart"] = abs(norms["sgd"][DECAYS["sgd"][1].index(ALIKE)] / in_loss["sgd"] - 1)
    values["adamw above loss"] = float(np.log10(norms["adamw"][DECAYS["adamw"][1].index(ALIKE)] / in_loss["adamw"]))
    return Reading(values, curves, "strength of L1", "share of weights")


def sparse(lab: Lab, penalty: str, proximal: str) -> tuple[dict[str, float], list[Curve]]:
    """Shares of weights below 0.001 and at 0 under two methods at every strength."""
    values, curves, zero = {}, [], {}
    for name, method in (("penalty", penalty), ("proximal", proximal)):
        found = [np.abs(weights(lab, 0, methods=(f"{method}={strength}",), **SGD)) for strength in L1]
        small, none = ([float(share.mean()) for share in shares] for shares in
                       ([each < SMALL for each in found], [each == 0 for each in found]))  # fmt: skip
        values[f"{name}: least rise"], zero[name] = float(np.diff(small).min()), none[-1]
        curves += [Curve(f"{name}, below 0.001", L1, small), Curve(f"{name}, exactly 0", L1, none)]
    return values | {"proximal: zeros": zero["proximal"], "zeros": zero["proximal"] - zero["penalty"]}, curves


def weights(lab: Lab, other: int, **recipe: Any) -> np.ndarray:
    """All weights of a perceptron that was trained so; `other` counts networks that begin elsewhere."""
    task = pictures(lab, train=lab.size(1_000, 100), hidden=(128,), epochs=lab.size(40, 2), clip=0.0, **recipe)
    run = record(task, lab.folder / task.digest[:12] / f"{other}", lab.seed + 1_000 * other)
    return np.concatenate([each.ravel() for each in run.weights.values()])


def norm(lab: Lab, other: int, **recipe: Any) -> float:
    """Euclidean norm of those weights."""
    return float(np.linalg.norm(weights(lab, other, **recipe)))


def least_fall(norms: Sequence[float]) -> float:
    """The least share by which the norm falls from one strength to the next; negative where it rises."""
    return float((1 - np.asarray(norms[1:]) / np.asarray(norms[:-1])).min())
