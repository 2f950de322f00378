"""One number of a study against a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from byheart.diagnosis.uncertainty import Interval, of_seeds

Sense = Literal["at least", "at most", "above", "below"]


@dataclass(frozen=True)
class Criterion:
    """What is asked of one measured number.

    "at least" and "at most" hold the mean over seeds against the line; "above" and "below" its whole 95% interval, so
    that a direction is only found where it is resolved. `published` is the source's own figure, as it stands there.
    `when` names the condition under which this is asked, where the claim may hold under some and fail under others.
    """

    value: str
    says: str
    sense: Sense
    line: float
    published: str = ""
    when: str = ""

    @property
    def wanted(self) -> str:
        """The line in words."""
        return f"{self.sense} {self.line:g}"

    def met(self, found: Interval) -> bool:
        """Whether a mean with its interval is on the right side of the line; never where it is not known."""
        end = {"at least": found.value, "at most": found.value, "above": found.low, "below": found.high}[self.sense]
        if not math.isfinite(end):
            return False
        if self.sense == "at least":
            return end >= self.line
        if self.sense == "at most":
            return end <= self.line
        return end > self.line if self.sense == "above" else end < self.line


def over_seeds(values: Sequence[float]) -> Interval:
    """Mean over seeds with the 95% interval of Student's t; a number that a seed lacks (NaN) makes it unknown."""
    array = np.asarray(values, np.float64)
    return of_seeds(array) if np.isfinite(array).all() else Interval(math.nan, math.nan, math.nan)


def at_least(value: str, line: float, says: str, published: str = "", when: str = "") -> Criterion:
    """The mean over seeds is at least `line`."""
    return Criterion(value, says, "at least", line, published, when)


def at_most(value: str, line: float, says: str, published: str = "", when: str = "") -> Criterion:
    """The mean over seeds is at most `line`."""
    return Criterion(value, says, "at most", line, published, when)


def above(value: str, line: float, says: str, published: str = "", when: str = "") -> Criterion:
    """The whole interval is above `line`."""
    return Criterion(value, says, "above", line, published, when)


def below(value: str, line: float, says: str, published: str = "", when: str = "") -> Criterion:
    """The whole interval is below `line`."""
    return Criterion(value, says, "below", line, published, when)
