"""Risk of single examples: how much more often the attack accuses a model of an example that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class Risk:
    """Hits of `inside` targets and false alarms of `outside` targets by example (n,), at one threshold for all."""

    hits: Int[np.ndarray, "n"]
    inside: Int[np.ndarray, "n"]
    alarms: Int[np.ndarray, "n"]
    outside: Int[np.ndarray, "n"]

    @property
    def value(self) -> Float[np.ndarray, "n"]:
        """Share of hits minus share of false alarms (n,), from -1 to 1, high = at risk; NaN where none is."""
        with np.errstate(invalid="ignore"):
            return self.hits / self.inside - self.alarms / self.outside

    @property
    def se(self) -> Float[np.ndarray, "n"]:
        """Its standard error (n,), one success and one failure added to either side. Source: Agresti and Caffo 2000."""
        shares = ((self.hits + 1, self.inside + 2), (self.alarms + 1, self.outside + 2))
        known = (self.inside > 0) & (self.outside > 0)
        return np.where(known, np.sqrt(sum(k / n * (1 - k / n) / n for k, n in shares)), np.nan)

    @property
    def low(self) -> Float[np.ndarray, "n"]:
        """The lower end of its 95% interval (n,). Source: as above."""
        centre = (self.hits + 1) / (self.inside + 2) - (self.alarms + 1) / (self.outside + 2)
        return np.where(np.isfinite(self.se), centre - 1.959964 * self.se, np.nan)


def risk(scores: Float[np.ndarray, "targets n"], member: Bool[np.ndarray, "targets n"], threshold: float) -> Risk:
    """Who is accused by "score > threshold" (n,); NaN scores are left out."""
    known = ~np.isnan(scores)
    said = known & (scores > threshold)
    return Risk((said & member).sum(0), (known & member).sum(0), (said & ~member).sum(0), (known & ~member).sum(0))
