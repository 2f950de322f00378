"""A measured sign: a number with its uncertainty, or what would measure it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One measured sign: value, standard error, 95% interval, and the count it rests on.

    `kind` says how it reads: "share" (in %), "points" (a difference of shares), "loss", "ratio" or "epoch". When it
    was not measured, `value` is NaN and `buys` says what would measure it.
    """

    name: str
    value: float = math.nan
    se: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    text: str = ""
    measured: bool = True
    buys: str = ""
    kind: str = "points"

    @property
    def known(self) -> bool:
        """Whether it was measured and came out as a number with an error."""
        return self.measured and math.isfinite(self.value) and math.isfinite(self.se)

    @property
    def least(self) -> float:
        """Two standard errors below the value; NaN when unknown, so that every comparison fails."""
        return self.value - 2 * self.se if self.known else math.nan

    @property
    def most(self) -> float:
        """Two standard errors above the value; NaN when unknown."""
        return self.value + 2 * self.se if self.known else math.nan

    @property
    def shown(self) -> str:
        """Value ± two standard errors with its unit, or "not measured"."""
        if not self.measured or not math.isfinite(self.value):
            return "not measured"
        scale, unit = {"share": (100, " %"), "points": (100, " points")}.get(self.kind, (1, ""))
        digits = {"share": 1, "points": 1, "epoch": 0}.get(self.kind, 3 if abs(self.value) < 10 else 1)
        error = f" ± {2 * self.se * scale:.{digits}f}" if math.isfinite(self.se) and self.se > 0 else ""
        return f"{self.value * scale:.{digits}f}{error}{unit}"


def missing(name: str, buys: str, kind: str = "points") -> Measure:
    """A sign that was not measured; `buys` says what would measure it."""
    return Measure(name, measured=False, buys=buys, kind=kind, text="not measured")
