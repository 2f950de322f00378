"""MEM002: the same example several times, exactly or nearly; conflicting labels apart."""

from __future__ import annotations

import numpy as np

from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.neighbours import content, others, points, sets_of, too_close
from byheart.diagnosis.proportion import wilson


@check("MEM002", title="duplicate", severity="note", needs="data")
def duplicates(evidence: Evidence) -> Finding | None:
    """Inputs that occur more than once: equal byte for byte, or nearer to each other than chance allows.

    Sets whose labels differ come first and make the finding a warning: a network can only learn them by heart.
    """
    task, train = evidence.task, evidence.task.train
    n = len(train)
    same = content(train)
    first = np.unique(same)  # near copies are looked for among different inputs
    distances, rows = others(points(task, train)[first])
    near = np.flatnonzero(too_close(distances))
    pairs = np.concatenate([
        np.stack([np.arange(n), same], 1),
        np.stack([first[near], first[rows[near, :1].ravel()]], 1),
    ])  # fmt: skip
    number = sets_of(n, pairs)
    sizes = np.bincount(number)
    found = np.flatnonzero(sizes[number] > 1)
    if len(found) == 0:
        return None
    conflict = differing(number, train.targets)
    exact = np.bincount(same, minlength=n)[same] > 1
    twin, distance = twins(same, first, distances, rows)
    found = found[np.lexsort((found, number[found], ~conflict[number[found]]))]
    sets, torn = len(np.unique(number[found])), int(conflict[np.unique(number[found])].sum())
    share, low, high = wilson(len(found), n)
    text = (
        f"{len(found)} of {n} examples ({share:.1%} [{low:.1%}, {high:.1%}]) in {sets} sets of copies: "
        f"{int(exact[found].sum())} exact, {int((~exact[found]).sum())} near; labels differ inside {torn} sets."
    )
    do = "keep one of each set" + ("; decide which label is right where they differ, or drop the set" if torn else "")
    table = {
        "given": train.targets[found],
        "group": np.unique(number[found], return_inverse=True)[1],
        "kind": np.where(exact[found], "exact", "near"),
        "conflict": conflict[number[found]],
        "twin": train.ids[twin[found]],
        "distance": distance[found],
        "memorization": evidence.optional("memorization")[found],
        "memorization_se": evidence.errors("memorization")[found],
    }
    return Finding("MEM002", "duplicate", "warn" if torn else "note", train.ids[found], n, text, do, table, "distance")


def differing(number: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mask (sets,) of sets whose members have different targets."""
    low, high = np.full(number.max() + 1, np.inf), np.full(number.max() + 1, -np.inf)
    np.minimum.at(low, number, targets)
    np.maximum.at(high, number, targets)
    return high > low


def twins(
    same: np.ndarray, first: np.ndarray, distances: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Row (n,) of each example's nearest copy and its distance (n,): an exact copy at 0, else the nearest input."""
    place = np.searchsorted(first, same)
    if len(first) > 1:
        twin, distance = first[rows[place, 0]], distances[place, 0]
    else:  # all inputs are the same one
        twin, distance = first[place], np.zeros(len(same))
    order = np.argsort(same, kind="stable")
    ordered = same[order]
    begin = np.searchsorted(ordered, same, "left")
    count = np.searchsorted(ordered, same, "right") - begin
    rank = np.empty(len(same), np.int64)
    rank[order] = np.arange(len(same))
    several = count > 1
    following = order[begin + (rank - begin + 1) % count]  # the next copy, the last one's is the first
    return np.where(several, following, twin), np.where(several, 0.0, distance)
