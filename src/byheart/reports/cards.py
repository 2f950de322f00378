"""What one example's card holds beyond its scores: loss by epoch, nearest neighbours, who helps and who hurts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.reports.curves import rounded, thinned

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

KIN = 6  # neighbours and influential examples of each card
SPARE = 16  # candidates whose distance is taken exactly
TRACED = 40  # cards with the examples that help and hurt by their gradients; each costs part of a pass
PARTS = ("neighbours", "influential", "helpful", "harmful")


def cards(audit: Audit, rows: np.ndarray) -> dict[int, dict[str, Any]]:
    """One card per row: loss (epochs), neighbours as [row, distance], influential as [row, influence, low, high]; the
    first forty also have helpful and harmful as [row, nats].

    The same neighbours and influences as `byheart.explain` gives, for many rows at once.
    """
    from byheart.diagnosis.check import Evidence
    from byheart.diagnosis.explain import influential
    from byheart.diagnosis.gradient_influence import helpful_and_harmful_of

    run, task = audit.scores.run, audit.task
    if run is None or not len(rows):
        return {}
    evidence = Evidence(task, run, audit.scores.many, audit.scores)
    place = {one: k for k, one in enumerate(task.train.ids.tolist())}
    loss, kept = np.asarray(run["loss"]) if run.epochs else np.zeros((0, len(run.ids))), thinned(run.epochs)
    near = neighbours(space(audit), rows)
    found = {}
    for row, kin, far in zip(rows.tolist(), *near, strict=True):
        card: dict[str, Any] = {"loss": rounded(loss[kept, row])}
        card["neighbours"] = [[k, d] for k, d in zip(kin.tolist(), rounded(far), strict=True)]
        told = influential(evidence, row, KIN)
        if told:
            numbers = (rounded(told[name]) for name in ("influence", "low", "high"))
            card["influential"] = [[place[one], *n] for one, *n in zip(told["id"].tolist(), *numbers, strict=True)]
        found[row] = card
    first = rows[:TRACED]
    for row, kin in zip(first.tolist(), helpful_and_harmful_of(evidence, "train", first, KIN), strict=True):
        for name, one in (("helpful", kin.helpful), ("harmful", kin.harmful)):
            if len(one.get("id", ())):
                values = rounded(one["value"])
                found[row][name] = [[place[k], v] for k, v in zip(one["id"].tolist(), values, strict=True)]
    return found


def space(audit: Audit) -> np.ndarray:
    """Where neighbours are looked for (n, d): the trained network's last features, else the inputs as the network sees
    them.
    """
    from byheart.diagnosis.neighbours import points

    run = audit.scores.run
    if run is not None and "features" in run:
        return np.asarray(run["features"], np.float32)
    return points(audit.task, audit.task.train)


def neighbours(points: np.ndarray, rows: np.ndarray, k: int = KIN) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest other rows (r, k) of each of `rows`, and their distances (r, k), nearest first."""
    k = min(k, len(points) - 1)
    wide = min(k + SPARE, len(points) - 1)
    lengths = np.einsum("ij,ij->i", points, points)
    found, far = np.empty((len(rows), k), int), np.empty((len(rows), k))
    for at, row in enumerate(rows):
        rough = lengths - 2 * (points @ points[row])
        rough[row] = np.inf
        near = np.argpartition(rough, wide - 1)[:wide]
        exact = np.sqrt(np.square(points[near] - points[row]).sum(1, dtype=np.float64))
        order = np.lexsort((near, exact))[:k]
        found[at], far[at] = near[order], exact[order]
    return found, far


def kin(details: dict[int, dict[str, Any]]) -> list[int]:
    """The rows that the cards name, each once."""
    named = [k[0] for card in details.values() for part in PARTS for k in card.get(part, ())]
    return list(dict.fromkeys(named))
