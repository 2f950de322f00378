"""The section on classes and groups: how well each is answered, how surely, and how much of it was memorized."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.group_metrics import GroupMetrics, metrics_of
from byheart.diagnosis.groups import By
from byheart.reports.words import count

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit
    from byheart.diagnosis.classes import ClassRow
    from byheart.diagnosis.measure import Measure

OPEN = 12  # longer tables are folded


def section(audit: Audit) -> list[dict[str, Any]]:
    """One table of given groups, where there are any, and one of classes."""
    kinds: tuple[tuple[By, str, Sequence[ClassRow]], ...] = (
        ("group", "Groups", audit.groups), ("class", "Classes", audit.classes),
    )  # fmt: skip
    return [table(audit, by, title, rows) for by, title, rows in kinds if rows]


def table(audit: Audit, by: By, title: str, rows: Sequence[ClassRow]) -> dict[str, Any]:
    """Heads, lines and a sentence of one table."""
    found = metrics(audit, by)
    value = "test accuracy" if audit.task.is_classification else "test loss"
    heads = [by, "train", "test", value, "memorized"] + (["too sure by", "NLL", "ECE"] if found else [])
    lines = []
    for row in rows:
        cells = [row.name, count(row.train), count(row.test), answered(row), share(row)]
        known = {r.name: r for r in found.rows}.get(row.name) if found else None
        if found:
            cells += [brief(m) for m in (known.over_confidence, known.nll, known.ece)] if known else ["–"] * 3
        lines.append(cells)
    return {"title": title, "text": told(found, by), "heads": heads, "lines": lines, "folded": len(lines) > OPEN}


def metrics(audit: Audit, by: By) -> GroupMetrics | None:
    """Accuracy, likelihood and calibration by group; None where they cannot be told."""
    try:
        return metrics_of(Evidence(audit.task, audit.scores.run, audit.scores.many, audit.scores), by)
    except NotApplicable:
        return None


def told(found: GroupMetrics | None, by: By) -> str:
    """What the groups come to, in a sentence or two."""
    if found is None:
        return ""
    parts = [f"Average accuracy on test examples {range_of(found.everyone.accuracy)}"]
    if found.adjusted.measured and by == "group":
        parts.append(f"were groups as frequent as in training {range_of(found.adjusted)}")
    if found.worst.measured:
        parts.append(f"in the {by} that was weakest on validation examples {range_of(found.worst)}")
    parts.append(f"smallest {range_of(found.least)} ({found.least.text})")
    sure = "Too sure: mean confidence minus accuracy, in points. NLL in nats; ECE is larger by chance in small groups."
    return "; ".join(parts) + f". {sure} 95 % intervals over test examples."


def answered(row: ClassRow) -> str:
    """Accuracy with its interval; for regression the loss."""
    if math.isfinite(row.accuracy):
        return f"{100 * row.accuracy:.1f} % [{100 * row.accuracy_low:.1f}, {100 * row.accuracy_high:.1f}]"
    return f"{row.loss:.3g}" if math.isfinite(row.loss) else "–"


def share(row: ClassRow) -> str:
    """The share that was memorized, with its interval."""
    if not math.isfinite(row.share):
        return "–"
    return f"{100 * row.share:.1f} % [{100 * row.share_low:.1f}, {100 * row.share_high:.1f}]"


def range_of(m: Measure) -> str:
    """A share with its interval: "93.1 % [91.0, 94.8]"."""
    return f"{100 * m.value:.1f} % [{100 * m.low:.1f}, {100 * m.high:.1f}]" if m.measured else "not measured"


def brief(m: Measure) -> str:
    """A measure with its interval in a narrow cell."""
    if not m.measured or not math.isfinite(m.value):
        return "–"
    scale, digits = (100, 1) if m.kind == "points" else (1, 3)
    value, low, high = (f"{scale * x:.{digits}f}" for x in (m.value, m.low, m.high))
    return f"{value} [{low}, {high}]" if math.isfinite(m.low) else value
