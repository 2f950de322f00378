"""The audit as Markdown, for an issue, a model card or a log: verdict, numbers, findings, evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.base.registry import register
from byheart.base.store import atomically
from byheart.reports import facts, intervals, location, privacy
from byheart.reports.words import count, percent, plain, printable

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit


@register("writer", "markdown")
def markdown(audit: Audit, path: str | Path) -> Path:
    """Write the audit as Markdown; ± is two standard errors."""
    text = rendered(audit)
    return atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def rendered(audit: Audit) -> str:
    """The Markdown."""
    numbers = [*facts.performance(audit), *([n] if (n := facts.memorized_count(audit)) else [])]
    found = []
    for finding in sorted(audit.findings, key=lambda f: f.code):
        value, low, high = finding.share
        share = percent(value, (high - low) / 3.92) if finding.count else "the network"
        found.append((f"{finding.code} {finding.title}", count(finding.count), share, finding.evidence, finding.do))
    evidence = [
        (intervals.NAMES.get(m.name, plain(m.name)), m.shown, intervals.told(m)) for m in audit.verdict.evidence
    ]
    parts = [
        f"# {escaped(audit.task.name)}: {audit.verdict.title}",
        escaped(audit.verdict.sentence),
        escaped(facts.headline(audit)),
        _table(("number", "value", "rests on"), [(n.name, n.text, n.rests_on) for n in numbers]),
        "## Findings",
        _table(("finding", "examples", "share", "evidence", "what to do"), found)
        if found
        else "No check found anything.",
        f"Where memorization sits: {escaped(layers)}" if (layers := location.line(audit)) else "",
        f"## Could a record be recognized?\n\n{escaped(' '.join(leak))}" if (leak := privacy.lines(audit)) else "",
        "## What the verdict rests on",
        _table(("sign", "value", "how to read it"), evidence),
        _table(("score", "how it was computed"), [(plain(n), text) for n, text in sorted(audit.scores.notes.items())])
        if audit.scores.notes
        else "",
        "## How this was made",
        _table(("what", "value"), facts.how_made(audit)),
        "± is two standard errors.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *([escaped(cell) for cell in line] for line in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def escaped(text: str) -> str:
    """Text without a meaning in Markdown or HTML; backticks stay in pairs, since our own texts set code with them."""
    text = printable(" ".join(text.split()))
    text = re.sub(r"([\\*_\[\]<>|#])", r"\\\1", text) if "`" not in text else re.sub(r"([<>|])", r"\\\1", text)
    return text
