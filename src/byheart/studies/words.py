"""Evidence as plain content: for the JSON twin, the page and the terminal alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from byheart.studies.claims import Claim, claims, state
from byheart.studies.evidence import Evidence, Finding, Word, shown
from byheart.studies.papers import PAPERS

WORDS: tuple[Word, ...] = ("holds", "depends", "fails")


def content(found: Sequence[Evidence], command: str = "") -> dict[str, Any]:
    """Everything that was found, and the state of every claim."""
    measured = {e.row.id: e for e in found}
    rows = [row(measured[c.id], c) if c.id in measured else waiting(c) for c in claims().values()]
    return {"command": command, "verdicts": counts(found), "claims": rows}


def counts(found: Sequence[Evidence]) -> dict[str, int]:
    """How many claims got each word."""
    seen = Counter(e.word for e in found)
    return {word: seen[word] for word in WORDS}


def waiting(claim: Claim) -> dict[str, Any]:
    """A claim that was not measured."""
    return {"id": claim.id, "claim": claim.text, "warning": claim.warning, "state": state(claim)}


def row(e: Evidence, claim: Claim) -> dict[str, Any]:
    """A claim with its evidence."""
    return waiting(claim) | {
        "verdict": e.word,
        "condition": e.condition,
        "corrected": e.row.corrected,
        "source": str(PAPERS[e.row.paper]) if e.row.paper else "",
        "study": e.study.name,
        "measured": e.study.measured,
        "control": e.row.identity or e.study.controlled,
        "seeds": e.seeds,
        "command": f"byheart reproduce {e.row.id}",
        "criteria": [criterion(f) for f in e.findings],
        "curves": [
            {
                "seed": k,
                "x": r.x,
                "y": r.y,
                "lines": [{"name": c.name, "x": list(c.x), "y": plain(c.y)} for c in r.curves],
            }
            for k, r in enumerate(e.readings)
            if r.curves
        ],
    }


def criterion(f: Finding) -> dict[str, Any]:
    """One criterion with its numbers."""
    return {
        "says": f.criterion.says,
        "when": f.criterion.when,
        "wanted": f.criterion.wanted,
        "published": f.criterion.published,
        "met": f.met,
        "mean": number(f.found.value),
        "low": number(f.found.low),
        "high": number(f.found.high),
        "seeds": plain(f.seeds),
        "control": number(f.control.value) if f.control else None,
    }


def found_in_words(e: Evidence) -> str:
    """The verdict's ground in a sentence: on what it depends or why it fails, or the first thing that was asked."""
    if e.condition:
        return e.condition
    first = e.findings[0]
    return f"{first.criterion.says}: {shown(first.found)}, wanted {first.criterion.wanted}"


def number(value: float) -> float | None:
    """A number, or None for what is none."""
    return float(value) if math.isfinite(value) else None


def plain(values: Sequence[float]) -> list[float | None]:
    """Numbers, with None for what is none."""
    return [number(v) for v in values]
