"""Privacy by class and group, in words and tables: who is recognized more often, and what would lower it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.reports.words import count

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.diagnosis.audit import Audit
    from byheart.privacy.group_risk import GroupRisk
    from byheart.privacy.leakage import Leakage

SHOWN = 10  # rows of a table; the rest is in the JSON
HEADS = ["examples", "hits at 1 % false alarms of its own", "mean risk [95 %]"]


def names_of(task: Task) -> dict[str, np.ndarray]:
    """What each training example is one of (n,): its given group, and its class; nothing where there are neither."""
    found: dict[str, np.ndarray] = {}
    if task.train.groups is not None:
        found["group"] = task.train.groups
    if task.is_classification:
        labels = np.asarray(task.train.targets)
        found["class"] = np.asarray(task.class_names)[labels] if task.class_names else labels.astype(str)
    return found


def tables(found: Leakage) -> list[dict[str, Any]]:
    """A table for each way of grouping, the riskiest first; none of a single group."""
    return [table(by, rows) for by, rows in found.groups.items() if len(rows) > 1]


def table(by: str, rows: Sequence[GroupRisk]) -> dict[str, Any]:
    """Heads, lines and, where some are left out, how many."""
    shown = [[row.name, count(row.examples), hits(row), risk(row)] for row in rows[:SHOWN]]
    text = (
        f"Risk is the share of models trained on an example that give it away, less the share of others that seem to, "
        f"over the examples of a {by}; its interval holds over models trained so on these records."
    )
    if len(rows) > SHOWN:
        text += f" The {SHOWN} riskiest of {count(len(rows))} are shown: the first of many look riskier than they are."
    return {"heads": [by, *HEADS], "lines": shown, "text": text}


def lines(found: Leakage) -> list[str]:
    """The riskiest of each way of grouping, and the least risky, for the terminal and Markdown."""
    told: list[str] = []
    for by, rows in found.groups.items():
        known = [row for row in rows if not math.isnan(row.risk)]
        if len(known) > 1:
            first, last = known[0], known[-1]
            told.append(
                f"Mean risk by {by}: {first.name} {risk(first)} is highest, {last.name} {risk(last)} lowest, of "
                f"{count(len(known))}."
            )
    return told


def hits(row: GroupRisk) -> str:
    """The rate with its interval, or how many non-members it takes."""
    if row.at is None:
        return f"not resolvable: {count(row.others)} non-members, needs {count(row.needed)}"
    return f"{100 * row.at.rate.value:.2f} % [{100 * row.at.low:.2f}, {100 * row.at.high:.2f}]"


def risk(row: GroupRisk) -> str:
    """Such as: .042 [.031, .053]."""
    if row.risk != row.risk:
        return "–"
    return f"{row.risk:.3f} [{row.risk_low:.3f}, {row.risk_high:.3f}]".replace("-", "−")


def remedy(audit: Audit) -> list[str]:
    """What would lower the risk, as the finding says it, and how what it brings is measured; nothing without one."""
    finding = next((f for f in audit.findings if f.code == "MEM010"), None)
    if finding is None:
        return []
    return [
        f"What would lower it: {finding.do}. What a remedy brings on these data is not known before it is measured: "
        "`byheart control` on the folder of this audit does so."
    ]


def content(found: Leakage) -> dict[str, list[dict[str, Any]]]:
    """The numbers for machines, every group."""
    from byheart.reports.json import as_plain

    return {by: [as_plain(row) for row in rows] for by, rows in found.groups.items()}
