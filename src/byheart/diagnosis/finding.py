"""A finding: one code, the examples it concerns, the evidence, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from byheart.base.errors import UsageError
from byheart.diagnosis.proportion import wilson

Severity = Literal["note", "warn", "error"]
SEVERITIES: tuple[Severity, ...] = ("note", "warn", "error")


@dataclass(frozen=True, eq=False)
class Finding:
    """Something found in `total` examples, of which `ids` (k,) are concerned, the clearest first.

    `table` holds the evidence per id: column name -> (k,) array. Columns that several checks use: given, suggested
    (class numbers), votes and voters (held-out models that say `suggested`, of how many), share with share_low and
    share_high, memorization with memorization_se, twin (id of the nearest copy), group (number of the set of copies),
    distance. `examples_score` names the score that orders the examples. A finding about the network as a whole has no
    ids.
    """

    code: str
    title: str
    severity: Severity
    ids: np.ndarray
    total: int
    evidence: str
    do: str
    table: Mapping[str, np.ndarray] = field(default_factory=dict)
    examples_score: str = "memorization"

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise UsageError(f"There is no severity {self.severity!r}.", do=f"choose one of: {', '.join(SEVERITIES)}")
        for name, column in self.table.items():
            if len(column) != len(self.ids):
                raise UsageError(f"{self.code}: column {name!r} has {len(column)} rows for {len(self.ids)} ids.")

    @property
    def count(self) -> int:
        """How many examples are concerned."""
        return len(self.ids)

    @property
    def share(self) -> tuple[float, float, float]:
        """Share of the examples that are concerned, with its 95% interval (Wilson)."""
        return wilson(self.count, self.total)

    def __repr__(self) -> str:
        return f"Finding({self.code} {self.title}, {self.severity}, {self.count} of {self.total})"
