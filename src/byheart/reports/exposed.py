"""Canaries in the section on privacy: how far the inserted ones stand out from those that a coin left out."""

from __future__ import annotations

from math import isclose, isfinite, log2
from typing import TYPE_CHECKING, Any

from byheart.base.errors import NotApplicable
from byheart.reports.words import count

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit
    from byheart.privacy.exposure import Exposures, Extrapolated

FITS = 0.05  # p-value of the Kolmogorov-Smirnov test below which the fitted distribution is not believed


def notes(audit: Audit) -> list[str]:
    """The canaries' exposure in a sentence or two; nothing without canaries that a coin inserted."""
    found = held(audit)
    if found is None:
        return []
    alone = f"{count(found.at_most)} of {count(len(found.bits))}"
    beyond = ""
    if found.furthest is not None and found.low > found.by_chance and believed(found.furthest):
        beyond = (
            f" The most exposed one stands out by {found.furthest.bits:.1f} bits from a skew normal that is fitted to "
            f"the losses of these, where chance gives about {log2(len(found.bits)):.1f} to the first of so many."
        )
    return [
        f"Exposure of the inserted canaries among {count(found.left_out)} that a coin left out (Carlini et al. 2019): "
        f"{found.mean:.2f} bits on average, {interval(found)}; "
        f"{found.by_chance:.2f} where nothing is memorized. {alone} have less loss than all that were left out.{beyond}"
    ]


def interval(found: Exposures) -> str:
    """The mean's interval and how far it can be trusted; none where so many references can show no more."""
    if isclose(found.low, found.most):
        return "all that so many can show"
    return (
        f"[{found.low:.2f}, {found.high:.2f}] by a bootstrap (95 %, less where most stand out), of at most "
        f"{found.most:.2f}"
    )


def believed(furthest: Extrapolated) -> bool:
    """Whether the fitted distribution is one of these losses, and has a tail as far out as the canary."""
    return furthest.fit_p_value >= FITS and isfinite(furthest.bits)


def content(audit: Audit) -> dict[str, Any] | None:
    """The same numbers for machines; None without such canaries."""
    found = held(audit)
    if found is None:
        return None
    names = ("left_out", "mean", "low", "high", "most", "by_chance", "at_most", "furthest")
    return {"inserted": len(found.bits), "unit": "bits"} | {name: getattr(found, name) for name in names}


def held(audit: Audit) -> Exposures | None:
    """Exposure of the canaries in the watched network, None without canaries that a coin inserted."""
    from byheart.privacy.dp_claim import canary_scores
    from byheart.privacy.exposure import exposures

    run = audit.scores.run
    if run is None:
        return None
    try:
        scores, inserted = canary_scores(run, audit.task)
    except NotApplicable:
        return None
    if min(inserted.sum(), (~inserted).sum()) < 2:  # so the coins fell
        return None
    return exposures(-scores, inserted, run.record.seed)
