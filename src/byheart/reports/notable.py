"""Which examples are shown: the most memorized, grouped by finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from byheart.diagnosis.share import MEMORIZED

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

CARDS = 200  # examples whose trajectory and neighbours travel in the page
PER_GROUP = 400  # of one group, at most so many in the gallery
STAND_INS = ("cumulative_loss_early", "cumulative_loss", "self_influence", "gradient_norm")  # the best first
DRAWN = 3_000  # points over the map's density
COLOURS = ("vermillion", "blue", "green", "purple", "orange", "grey")
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "circle")


@dataclass(frozen=True)
class Group:
    """The examples of one finding ("" for those in none), the most memorized first."""

    code: str
    title: str
    colour: str
    shape: str
    total: int
    rows: np.ndarray


def strength(audit: Audit) -> np.ndarray:
    """How strongly each example is memorized (n,), to sort by: memorization, then `second`; NaN counts as least."""
    columns = audit.scores.columns
    n, main, name = len(audit.scores.ids), columns.get("memorization"), second(audit)
    tie = np.nan_to_num(np.asarray(columns[name] if name else np.zeros(n), np.float64), nan=-np.inf)
    rank = np.argsort(np.argsort(tie, kind="stable"), kind="stable") / max(n, 1)
    if main is None:
        return rank
    return np.nan_to_num(np.asarray(main, np.float64).round(2), nan=-9.0) + rank * 1e-3


def second(audit: Audit) -> str:
    """The score that stands for memorization where that was not measured; "" without any."""
    return next((name for name in STAND_INS if name in audit.scores.columns), "")


def groups(audit: Audit) -> list[Group]:
    """One group per finding that names examples, then the memorized examples in no finding."""
    strong = strength(audit)
    place = {value: k for k, value in enumerate(np.asarray(audit.scores.ids).tolist())}
    found, taken = [], np.zeros(len(strong), bool)
    for finding in sorted(audit.findings, key=lambda f: f.code):
        rows = np.array([place[i] for i in np.asarray(finding.ids).tolist() if i in place], int)
        if not len(rows):
            continue
        taken[rows] = True
        ordered = rows[np.argsort(-strong[rows], kind="stable")]
        number = _number(finding.code, len(found)) % len(COLOURS)
        colour = f"var(--{COLOURS[number]})"
        found.append(Group(finding.code, finding.title, colour, SHAPES[number], len(rows), ordered[:PER_GROUP]))
    rest = np.flatnonzero(~taken & memorized(audit))
    ordered = rest[np.argsort(-strong[rest], kind="stable")]
    title = "memorized, in no finding" if found else "memorized"
    return [*found, Group("", title, "var(--sky)", "triangle-down", len(rest), ordered[:PER_GROUP])]


def memorized(audit: Audit) -> np.ndarray:
    """Which examples count as memorized (n,): memorization of .25 or more; without that score, the top twentieth by
    what stands for it.
    """
    values = audit.scores.columns.get("memorization")
    if values is not None:
        return np.nan_to_num(np.asarray(values, np.float64), nan=-1.0) >= MEMORIZED
    strong = strength(audit)
    return strong >= np.quantile(strong, 0.95)


def with_cards(found: list[Group]) -> np.ndarray:
    """The rows that get a card: the first of each group in turn, at most 200."""
    rows: dict[int, None] = {}
    for at in range(max((len(g.rows) for g in found), default=0)):
        for group in found:
            if at < len(group.rows) and len(rows) < CARDS:
                rows.setdefault(int(group.rows[at]))
    return np.array(list(rows), int)


def drawn(audit: Audit, found: list[Group]) -> np.ndarray:
    """The rows drawn as points over the map: those in findings and the memorized, at most 3,000, strongest first."""
    rows = np.unique(np.concatenate([np.flatnonzero(memorized(audit)), *(g.rows for g in found)]))
    return rows[np.argsort(-strength(audit)[rows], kind="stable")][:DRAWN]


def _number(code: str, otherwise: int) -> int:
    digits = "".join(c for c in code if c.isdigit())
    return int(digits) - 1 if digits and int(digits) > 0 else otherwise
