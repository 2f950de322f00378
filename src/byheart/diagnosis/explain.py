"""Explain one example: how it was learned, what lies near it, and which training examples its answer hangs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import UsageError
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem001_mislabelled import opinion
from byheart.diagnosis.neighbours import points

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

CURVES = ("loss", "margin", "correct", "predicted")


@dataclass(frozen=True, eq=False)
class Explanation:
    """One training example.

    `trajectory`: column -> (epochs,). `neighbours`: id, distance, label of the nearest training examples, in the
    space named in `space` ("features" of the trained network, or "inputs"). `influential`: id, influence, se, low,
    high, label of the training examples that change most how often models without this example get its label right;
    empty without subset models. `scores`: name -> (value, percentile in [0, 100]; 100 is the highest). `others`: what
    models without it say (suggested, votes, voters); empty without them.
    """

    id: Any
    label: Any
    findings: tuple[str, ...]
    trajectory: dict[str, np.ndarray]
    space: str
    neighbours: dict[str, np.ndarray]
    influential: dict[str, np.ndarray]
    scores: dict[str, tuple[float, float]]
    others: dict[str, Any]


def explain(audit: Audit, id: Any, k: int = 6) -> Explanation:
    """Explain the training example `id` by its `k` nearest and `k` most influential training examples.

    Errors: UsageError for an id that the audit does not know.
    """
    task, run, many = audit.task, audit.scores.run, audit.scores.many
    row = row_of(audit, id)
    evidence = Evidence(task, run, many, audit.scores)
    space, near = neighbours(evidence, row, k)
    trajectory = {} if run is None else {c: np.asarray(run[c][:, row]) for c in CURVES if c in run}
    others = {}
    if task.is_classification and many is not None:
        others = {name: column[0].item() for name, column in opinion(evidence, np.array([row])).items()}
    return Explanation(
        task.train.ids[row].item(),
        task.train.targets[row].item(),
        tuple(f.code for f in audit.findings if np.isin(task.train.ids[row], f.ids)),
        trajectory,
        space,
        near,
        influential(evidence, row, k),
        percentiles(audit, row),
        others,
    )


def row_of(audit: Audit, id: Any) -> int:
    """The row of an id; UsageError, with examples of ids, when there is none."""
    ids = audit.task.train.ids
    found = np.flatnonzero(ids.astype(str) == str(id))
    if len(found) == 0:
        shown = ", ".join(map(str, ids[:3]))
        raise UsageError(
            f"There is no training example {id!r}.", f"Ids are like {shown}.", "take an id from audit.examples"
        )
    return int(found[0])


def neighbours(evidence: Evidence, row: int, k: int) -> tuple[str, dict[str, np.ndarray]]:
    """The space that was searched, and the k nearest training examples there."""
    task, run = evidence.task, evidence.run
    if run is not None and "features" in run:
        space, x = "features", np.asarray(run["features"], np.float32)
    else:
        space, x = "inputs", points(task, task.train)
    rough = np.einsum("ij,ij->i", x, x) - 2 * (x @ x[row])  # squared distance but for a constant: no copy of x is made
    rough[row] = np.inf
    near = np.argpartition(rough, min(4 * k, len(x) - 1))[: 4 * k]
    near = np.sort(near[near != row])
    distance = np.sqrt(np.square(x[near] - x[row]).sum(1, dtype=np.float64))
    order = np.argsort(distance, kind="stable")[:k]
    near, distance = near[order], distance[order]
    return space, {"id": task.train.ids[near], "distance": distance, "label": task.train.targets[near]}


def influential(evidence: Evidence, row: int, k: int) -> dict[str, np.ndarray]:
    """The k training examples whose presence changes most how often models without this one get its label right.

    Feldman and Zhang's (2020) influence, with this training example in the place of a test example.
    """
    many, task = evidence.many, evidence.task
    if many is None or not task.is_classification:
        return {}
    from byheart.scores.subset.influence import influence_on

    member = np.asarray(many["member"], bool)
    without = ~member[:, row]
    if without.sum() < 4:
        return {}
    estimate = influence_on(member, np.asarray(many["correct"][:, row], np.float64), without)
    value = np.where(np.isfinite(estimate.value), estimate.value, 0.0)
    value[row] = 0.0
    order = np.argsort(-np.abs(value), kind="stable")[:k]
    order = order[value[order] != 0]
    return {
        "id": task.train.ids[order],
        "influence": value[order],
        "se": estimate.se[order],
        "low": estimate.low[order],
        "high": estimate.high[order],
        "label": task.train.targets[order],
    }


def percentiles(audit: Audit, row: int) -> dict[str, tuple[float, float]]:
    """Every score of a row with the share of examples, in %, that it is at least as high as."""
    found = {}
    for name, column in audit.scores.columns.items():
        value = float(column[row])
        known = column[np.isfinite(column)]
        found[name] = (
            value,
            float((known <= value).mean() * 100) if np.isfinite(value) and len(known) else float("nan"),
        )
    return found
