"""Explain one example: how it was learned, what lies near it, and which training examples its answer hangs on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import UsageError
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.gradient_influence import helpful_and_harmful
from byheart.diagnosis.mem001_mislabelled import opinion
from byheart.diagnosis.neighbours import points
from byheart.diagnosis.proportion import wilson

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

CURVES = ("loss", "margin", "correct", "predicted")
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Explanation:
    """One example.

    `trajectory`: column -> (epochs,). `neighbours`: id, distance, label of the nearest training examples, in the
    space named in `space` ("features" of the trained network, or "inputs"). `influential`: id, influence, se, low,
    high, label of the training examples that change most how often models without this example get its label right;
    empty without subset models. `helpful`, `harmful`: id, value, label of the training examples without which the
    recorded network's loss here would rise most, and fall most, by their gradients (to first order, in nats); empty
    without its weights; `notes` say how these were read. `scores`: name -> (value, percentile in [0, 100]; 100 is the
    highest). `others`: what models without it say (suggested, votes, voters); empty without them. Of a held-out example
    there are no findings and no scores.
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
    helpful: dict[str, np.ndarray] = field(default_factory=dict)
    harmful: dict[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def explain(audit: Audit, id: Any, k: int = 6, part: str = "train") -> Explanation:
    """Explain the example `id` of the training, validation or test set by its `k` nearest training examples and the `k`
    on which its answer hangs most.

    Errors: UsageError for a part or an id that the audit does not know.
    """
    if part not in PARTS:
        raise UsageError(f"There is no part {part!r}.", do=f"choose one of: {', '.join(PARTS)}")
    task, run, many = audit.task, audit.scores.run, audit.scores.many
    examples, row = getattr(task, part), row_of(audit, id, part)
    evidence = Evidence(task, run, many, audit.scores)
    space, near = neighbours(evidence, row, k, part)
    before = prefix(part)
    trajectory = {} if run is None else {c: np.asarray(run[before + c][:, row]) for c in CURVES if before + c in run}
    kin = helpful_and_harmful(evidence, part, row, k)
    own = part == "train"
    return Explanation(
        examples.ids[row].item(),
        examples.targets[row].item(),
        tuple(f.code for f in audit.findings if np.isin(examples.ids[row], f.ids)) if own else (),
        trajectory,
        space,
        near,
        influential(evidence, row, k, part),
        percentiles(audit, row) if own else {},
        others(evidence, row, part),
        kin.helpful,
        kin.harmful,
        kin.notes,
    )


def prefix(part: str) -> str:
    """What the names of a part's columns in a run begin with."""
    return "" if part == "train" else f"{part}_"


def row_of(audit: Audit, id: Any, part: str = "train") -> int:
    """The row of an id; UsageError, with examples of ids, when there is none."""
    ids = getattr(audit.task, part).ids
    found = np.flatnonzero(ids.astype(str) == str(id))
    if len(found) == 0:
        shown, name = ", ".join(map(str, ids[:3])), "training" if part == "train" else part
        take = "audit.examples" if part == "train" else f"task.{part}.ids"
        raise UsageError(f"There is no {name} example {id!r}.", f"Ids are like {shown}.", f"take an id from {take}")
    return int(found[0])


def neighbours(evidence: Evidence, row: int, k: int, part: str = "train") -> tuple[str, dict[str, np.ndarray]]:
    """The space that was searched, and the k nearest training examples there."""
    task, run = evidence.task, evidence.run
    if run is not None and "features" in run:
        space, x = "features", np.asarray(run["features"], np.float32)
        here = np.asarray(run[f"{prefix(part)}features"][row], np.float32)
    else:
        space, x = "inputs", points(task, task.train)
        here = points(task, getattr(task, part).take([row]))[0]
    rough = np.einsum("ij,ij->i", x, x) - 2 * (x @ here)  # squared distance but for a constant: no copy of x is made
    if part == "train":
        rough[row] = np.inf
    near = np.argpartition(rough, min(4 * k, len(x) - 1))[: 4 * k]
    near = np.sort(near[np.isfinite(rough[near])])
    distance = np.sqrt(np.square(x[near] - here).sum(1, dtype=np.float64))
    order = np.argsort(distance, kind="stable")[:k]
    near, distance = near[order], distance[order]
    return space, {"id": task.train.ids[near], "distance": distance, "label": task.train.targets[near]}


def others(evidence: Evidence, row: int, part: str) -> dict[str, Any]:
    """What the models without the example say: the majority's label, its votes, of how many; of a held-out example, all
    models.
    """
    task, many = evidence.task, evidence.many
    if not task.is_classification or many is None:
        return {}
    if part == "train":
        return {name: column[0].item() for name, column in opinion(evidence, np.array([row])).items()}
    said_by_all = np.asarray(many["predicted"][:, column_of(evidence, row, part)])
    counts = np.bincount(said_by_all[said_by_all >= 0], minlength=task.outputs)
    share, low, high = wilson(counts.max(), counts.sum())
    said = {"suggested": int(counts.argmax()), "votes": int(counts.max()), "voters": int(counts.sum())}
    return said | {"share": share, "share_low": low, "share_high": high}


def column_of(evidence: Evidence, row: int, part: str) -> int:
    """Where an example stands in the subset matrix: training examples, then validation, then test."""
    task = evidence.task
    return row + {"train": 0, "validation": len(task.train), "test": len(task.train) + len(task.validation)}[part]


def influential(evidence: Evidence, row: int, k: int, part: str = "train") -> dict[str, np.ndarray]:
    """The k training examples whose presence changes most how often models without this one get its label right.

    Feldman and Zhang's (2020) influence; a training example takes the place of the test example.
    """
    many, task = evidence.many, evidence.task
    if many is None or not task.is_classification:
        return {}
    from byheart.scores.subset.influence import influence_on

    member = np.asarray(many["member"], bool)
    without = ~member[:, row] if part == "train" else np.ones(len(member), bool)
    if without.sum() < 4:
        return {}
    column = np.asarray(many["correct"][:, column_of(evidence, row, part)], np.float64)
    estimate = influence_on(member, column, without)
    value = np.where(np.isfinite(estimate.value), estimate.value, 0.0)
    if part == "train":
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
