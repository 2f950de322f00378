"""All that one page holds, gathered from an audit: what the template prints and what its script reads."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.reports import cards, curves, figures, influence, notable, rows, thumbnails
from byheart.reports.facts import turning_epoch

if TYPE_CHECKING:
    import pandas as pd

    from byheart.diagnosis.audit import Audit

PICTURE_BYTES = {"small": 700_000, "large": 1_100_000}


@dataclass(frozen=True)
class Page:
    """`data` goes to the script as JSON, `table` as a deflated CSV; `sheet` is a PNG in base64, "" without pictures."""

    data: dict[str, Any]
    table: str
    sheet: str
    accuracy: pd.DataFrame | None
    loss: pd.DataFrame | None
    left_out: list[str] = field(default_factory=list)
    axes: tuple[str, str] | None = None


def gather(audit: Audit) -> Page:
    """The page with pictures, or with the unusual features of table rows."""
    return _gather(audit, _contents)


def gather_redacted(audit: Audit) -> Page:
    """The page without any example's contents: no pictures, no features."""
    return _gather(audit, lambda audit, wanted: ({"pictures": None, "bars": None}, "", np.array([], int)))


def _gather(audit: Audit, contents: Any) -> Page:
    task, run = audit.task, audit.watched
    found = notable.groups(audit)
    chosen, pairs = notable.with_cards(found), influence.drawn(audit)
    details = cards.cards(audit, chosen)
    both = [row for pair in pairs for row in (pair["row"], pair["held_out"])]
    others = (int(r) for g in found for r in g.rows)
    wanted = list(dict.fromkeys([*chosen.tolist(), *both, *cards.kin(details), *others]))
    shown, sheet, pictured = contents(audit, np.array(wanted, int))
    table = rows.frame(audit)
    text, left_out = rows.packed(table)
    names = [n for n in rows.score_order(list(audit.scores.columns)) if n not in left_out]
    accuracy = None if run is None else curves.learning_curves(run, task, "correct")
    loss = None if run is None else curves.learning_curves(run, task, "loss")
    turn = None if run is None else turning_epoch(audit)
    axes = best_axes(names)
    kept = np.array([], int) if run is None else curves.thinned(run.epochs)
    unit = "loss (nats)" if task.classes else "squared error"
    drawn = [_name(g) for g in found], [g.colour for g in found], [g.shape for g in found]
    data = {
        "classes": [str(c) for c in class_names(audit)],
        "regression": not task.is_classification,
        "scores": [about_score(n, not task.is_classification) for n in names],
        "groups": [_group(g, pictured if task_has_pictures(audit) and sheet else None) for g in found],
        "notable": notable.drawn(audit, found).tolist(),
        "tally": tally_labels(audit),
        "edges": edges(audit),
        "cards": details,
        "pairs": pairs,
        "epochs": (kept + 1).tolist(),
        "band": None if run is None else curves.loss_band(np.asarray(run["loss"]), kept),
        "empty": "Nothing is memorized beyond the threshold, so there is nothing to show here.",
        "specs": {
            "accuracy": None if accuracy is None else figures.curves(accuracy, "accuracy", ".0%", turn),
            "loss": None if loss is None else figures.curves(loss, unit, "~g", turn),
            "map": None if axes is None else figures.plane(*drawn),
            "tally": figures.tally(len(tally_labels(audit))),
            "trajectory": figures.trajectory(),
            "roc": attacked(audit),
            "location": by_layer(audit),
        },
    } | shown  # fmt: skip
    return Page(data, text, sheet, accuracy, loss, left_out, axes)


def attacked(audit: Audit) -> dict[str, Any] | None:
    """The ROC of the attacks; None where there were none."""
    from byheart.reports import privacy, privacy_figure

    found = privacy.made(audit)
    return None if found is None or isinstance(found, str) else privacy_figure.roc(found)


def by_layer(audit: Audit) -> dict[str, Any] | None:
    """What each layer holds of the memorized; None where it was not asked or could not be told."""
    from byheart.reports import location, location_figure

    found = location.made(audit)
    return None if found is None or isinstance(found, str) else location_figure.by_layer(location.points(audit))


def task_has_pictures(audit: Audit) -> bool:
    """Whether inputs are images: (channels, height, width)."""
    return len(audit.task.input_shape) == 3


def _contents(audit: Audit, wanted: np.ndarray) -> tuple[dict[str, Any], str, np.ndarray]:
    if not len(wanted):
        return {"pictures": None, "bars": None}, "", wanted
    if task_has_pictures(audit):
        budget = PICTURE_BYTES["small" if len(audit.task.train) <= rows.SMALL else "large"]
        made = thumbnails.sheet(audit.task, wanted, budget)
        about = {"rows": made.rows.tolist(), "height": made.height, "width": made.width, "columns": made.columns}
        return {"pictures": about, "bars": None}, base64.b64encode(made.png).decode(), made.rows
    bars = dict(zip(wanted.tolist(), thumbnails.unusual(audit.task, wanted), strict=True))
    return {"pictures": None, "bars": bars}, "", wanted


def _group(group: notable.Group, pictured: np.ndarray | None) -> dict[str, Any]:
    shown = group.rows if pictured is None else group.rows[np.isin(group.rows, pictured)]
    return {
        "code": group.code, "title": group.title, "colour": group.colour, "shape": group.shape, "total": group.total,
        "rows": shown.tolist(),
    }  # fmt: skip


def _name(group: notable.Group) -> str:
    return f"{group.code} {group.title}".strip()


def class_names(audit: Audit) -> list[str]:
    """Names of the classes, their numbers where they have none, nothing for regression."""
    task = audit.task
    return list(task.class_names) or [str(k) for k in range(task.classes or 0)]


def tally_labels(audit: Audit) -> list[str]:
    """The bars of the small chart beside the map: classes (the 20 largest), or ranges of a regression target."""
    if not audit.task.is_classification:
        ends = edges(audit)
        return [f"{a:.3g} to {b:.3g}" for a, b in pairwise(ends)]
    counts = np.bincount(np.asarray(audit.task.train.targets, int), minlength=audit.task.outputs)
    names = class_names(audit)
    order = np.arange(len(counts)) if len(counts) <= 20 else np.argsort(-counts, kind="stable")[:20]
    return [str(names[k]) for k in order]


def edges(audit: Audit) -> list[float]:
    """The ends of ten ranges of equal width that hold every target of a regression; nothing for classes."""
    if audit.task.is_classification:
        return []
    targets = np.asarray(audit.task.train.targets, np.float64)
    return np.linspace(targets.min(), targets.max(), 11).tolist()


def about_score(name: str, regression: bool) -> dict[str, Any]:
    """What the page says of a score: its name, unit, and what a high value means."""
    from byheart.base.registry import every

    spec = every("score").get(name)
    unit, _, other = (getattr(spec, "unit", "") or "").removesuffix(")").partition(" (regression: ")
    return {
        "name": name,
        "higher": getattr(spec, "higher", ""),
        "unit": unit if not regression or not other else f"difference {other}" if other.startswith("of ") else other,
        "direction": getattr(spec, "direction", 1),
    }


def best_axes(names: list[str]) -> tuple[str, str] | None:
    """Across and up: variability and confidence (Swayamdipta et al. 2020) where they are, else the first scores."""
    if {"confidence", "variability"} <= set(names):
        return "variability", "confidence"
    return (names[1], names[0]) if len(names) > 1 else None
