"""The audit for machines: audit.json, with every number but the scores of each example, which are in scores.parquet."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.registry import register
from byheart.base.store import write_json
from byheart.reports import influence, location, privacy

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

SCHEMA = 1


@register("writer", "json")
def json(audit: Audit, path: str | Path) -> Path:
    """Write audit.json; equal audits give equal bytes, so times and machine are not in it."""
    return write_json(path, content(audit))


def content(audit: Audit) -> dict[str, Any]:
    """What audit.json holds, as plain Python; null is a number that is not known."""
    from byheart.reports.page import class_names

    task, run, many = audit.task, audit.scores.run, audit.scores.many
    return {
        "format": "byheart audit",
        "schema_version": SCHEMA,
        "command": audit.command,
        "task": {
            "name": task.name,
            "train": len(task.train), "validation": len(task.validation or ()), "test": len(task.test),
            "classes": task.classes or 0, "class_names": class_names(audit),
        },
        "verdict": {"word": audit.verdict.word, "kind": audit.verdict.kind, "sentence": audit.verdict.sentence,
                    "evidence": [as_plain(m) for m in audit.verdict.evidence]},
        "measures": {name: as_plain(m) for name, m in audit.measures.items()},
        "findings": [_finding(f) for f in sorted(audit.findings, key=lambda f: f.code)],
        "passed": list(audit.passed),
        "skipped": dict(audit.skipped),
        "classes": [as_plain(row) for row in audit.classes],
        "groups": [as_plain(row) for row in audit.groups],
        "truth": None if audit.truth is None else as_plain(audit.truth),
        "influence_pairs": influence.content(audit),
        "effects": {name: _effect(e) for name, e in audit.effects.items() if name not in ("privacy", "location")},
        "privacy": privacy.content(audit),
        "location": location.content(audit),
        "curves": _curves(audit),
        "scores": {name: summary(values) for name, values in audit.scores.columns.items()},
        "skipped_scores": dict(audit.scores.skipped),
        "score_notes": dict(audit.scores.notes),
        "run": None if run is None else run.record.model_dump(),
        "subsets": None if many is None else many.record.model_dump(),
    }  # fmt: skip


def summary(values: np.ndarray) -> dict[str, Any]:
    """How many are known, their mean, and their 0th, 5th, 25th, 50th, 75th, 95th and 100th percentile."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return {"known": 0, "mean": None, "percentiles": None}
    return {
        "known": len(known),
        "mean": float(known.mean()),
        "percentiles": np.percentile(known, [0, 5, 25, 50, 75, 95, 100]).tolist(),
    }


def as_plain(value: Any) -> Any:
    """Dataclasses, arrays and mappings as dicts, lists and numbers; None for NaN and infinity."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): as_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return as_plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _finding(finding: Any) -> dict[str, Any]:
    value, low, high = finding.share
    made = as_plain(finding)
    return made | {
        "count": finding.count,
        "share": as_plain(value),
        "share_low": as_plain(low),
        "share_high": as_plain(high),
    }


def _effect(effect: Any) -> dict[str, Any]:
    """An Effect without its values by row, which the run folder keeps; a Twin by its record; a Sweep as sweep.json
    holds it.
    """
    if hasattr(effect, "differs"):
        return {"differs": effect.differs, "epochs": effect.epochs, "run": effect.run.record.model_dump()}
    if hasattr(effect, "table"):
        from byheart.reports.sweep_files import content as swept

        return swept(effect)
    return {k: v for k, v in as_plain(effect).items() if not k.startswith("rows_")}


def _curves(audit: Audit) -> dict[str, Any]:
    from byheart.reports.curves import learning_curves

    if audit.watched is None:
        return {}
    tables = {what: learning_curves(audit.watched, audit.task, what) for what in ("correct", "loss")}
    return {what: as_plain(table.to_dict("list")) for what, table in tables.items() if table is not None}
