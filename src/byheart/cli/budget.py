"""Time as people write it: "90s", "2min", "1h30min"."""

from __future__ import annotations

import re

from byheart.base.errors import UsageError

SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}
PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


def seconds(text: str) -> float:
    """Seconds in `text`; a bare number is seconds. UsageError for anything else, zero among it."""
    whole = text.strip().lower()
    parts = PART.findall(whole)
    bare = len(parts) == 1 and not parts[0][1]
    understood = parts and not PART.sub("", whole).strip() and (bare or all(unit in SECONDS for _, unit in parts))
    total = sum(float(number) * SECONDS[unit or "s"] for number, unit in parts) if understood else 0.0
    if not total:
        raise UsageError(
            f"--budget {text!r} is not a time.", "It takes a number and a unit.", "write 90s, 2min or 1h30min"
        )
    return total
