"""--fail-on: which findings or measures make the exit code 1."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from byheart.base.errors import UsageError

if TYPE_CHECKING:
    from byheart.diagnosis.finding import Finding

SEVERITIES = ("note", "warn", "error")
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
# What an audit measures, by name: shares, differences of shares, or losses. `memorized` is the usual word for `share`.
MEASURES = (
    "memorized", "null", "excess", "utility", "group_utility", "worst_group", "worst_class", "class_fit",
    "gap", "drop", "rise", "turning_epoch", "train_accuracy", "validation_accuracy", "test_accuracy",
    "best_test_accuracy", "train_loss", "validation_loss", "test_loss", "tree_group", "shortcut", "idle", "idle_worth",
    "complexity", "critical", "twin", "attack_auc", "tpr@0.1%", "tpr@1%",
)  # fmt: skip
COLUMNS = {"memorized": "share"}  # where a name on the command line differs from the measure's own
MEASURE = re.compile(
    r"(?P<name>[a-z][a-z0-9_@.% -]*?)\s*(?P<sign>>=|<=|>|<)\s*(?P<value>-?\d*\.?\d+)\s*(?P<percent>%?)"
)


@dataclass(frozen=True)
class Gate:
    """One condition: a severity, a code, or a measure compared with a number (a share, not per cent)."""

    text: str
    severity: str = ""
    code: str = ""
    measure: str = ""
    sign: str = ">"
    limit: float = 0.0

    def reasons(
        self, findings: Iterable[Finding], measures: Mapping[str, float], unknown: Mapping[str, str] | None = None
    ) -> list[str]:
        """Why this gate is shut; empty when it is open. What was not measured shuts it, and `unknown` says why."""
        if self.measure:
            value = measures.get(COLUMNS.get(self.measure, self.measure), float("nan"))
            if value != value:
                return [f"{self.measure} {(unknown or {}).get(self.measure, 'was not measured')}"]
            shut = COMPARISONS[self.sign](value, self.limit)
            return [f"{self.measure} is {value:.4g}, {self.sign} {self.limit:g}"] if shut else []
        least = SEVERITIES.index(self.severity) if self.severity else 0
        return [
            f"{f.code} {f.title} ({f.severity})"
            for f in findings
            if (f.code == self.code if self.code else SEVERITIES.index(f.severity) >= least)
        ]


def gates(text: str | None, codes: Iterable[str]) -> list[Gate]:
    """The conditions in `text`, separated by commas; UsageError for what no audit could ever meet."""
    return [_gate(part.strip(), sorted(codes)) for part in (text or "").split(",") if part.strip()]


def _gate(text: str, codes: list[str]) -> Gate:
    if text in SEVERITIES:
        return Gate(text, severity=text)
    if text.upper() in codes:
        return Gate(text, code=text.upper())
    found = MEASURE.fullmatch(text)
    if found and found["name"] in MEASURES:
        limit = float(found["value"]) / (100 if found["percent"] else 1)
        return Gate(text, measure=found["name"], sign=found["sign"], limit=limit)
    said = found["name"] if found else text
    near = difflib.get_close_matches(said, [*SEVERITIES, *codes, *MEASURES], n=1)
    raise UsageError(
        f"--fail-on {text!r} is neither a severity, nor a finding, nor a measure with a limit.",
        f"Severities: {', '.join(SEVERITIES)}. Findings: {', '.join(codes)}. Measures: {', '.join(MEASURES)}.",
        f"did you mean {near[0]!r}?"
        if near
        else "write for example: --fail-on warn, --fail-on MEM001, --fail-on 'memorized>5%'",
    )
