"""Evidence: what a study found for one claim, and the verdict that its numbers make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from byheart.diagnosis.uncertainty import Interval
from byheart.studies.criterion import Criterion, over_seeds
from byheart.studies.study import Reading, Row, Study

Word = Literal["holds", "fails", "depends"]


@dataclass(frozen=True)
class Finding:
    """One criterion with what was measured for it, and in the negative control (None where it is not measured)."""

    criterion: Criterion
    found: Interval
    seeds: tuple[float, ...]
    control: Interval | None = None

    @property
    def met(self) -> bool:
        """Whether the criterion is met."""
        return self.criterion.met(self.found)

    @property
    def met_by_control(self) -> bool:
        """Whether the negative control meets it too."""
        return self.control is not None and self.criterion.met(self.control)


@dataclass(frozen=True)
class Evidence:
    """A claim's verdict, on what it depends or why it fails ("" where it holds), and the numbers behind it."""

    row: Row
    study: Study
    word: Word
    condition: str
    findings: tuple[Finding, ...]
    readings: tuple[Reading, ...]

    @property
    def seeds(self) -> int:
        """How many seeds were measured."""
        return len(self.readings)


def judged(study: Study, row: Row, readings: Sequence[Reading], controls: Sequence[Reading]) -> Evidence:
    """The evidence for a claim from the readings of its seeds, and of the negative control on the same seeds."""
    against = [] if row.identity else [answers(reading, row) for reading in controls]
    findings = tuple(finding(c, readings, against) for c in row.criteria)
    word, condition = verdict(findings)
    return Evidence(row, study, word, condition, findings, tuple(readings))


def answers(control: Reading, row: Row) -> Mapping[str, float]:
    """What a control's reading says to a row: numbers named "ID/number" are for that row, and then no others are."""
    own = {n.removeprefix(f"{row.id}/"): v for n, v in control.values.items() if n.startswith(f"{row.id}/")}
    return own or {name: v for name, v in control.values.items() if "/" not in name}


def finding(criterion: Criterion, readings: Sequence[Reading], controls: Sequence[Mapping[str, float]]) -> Finding:
    """A criterion with its measured numbers."""
    seeds = tuple(float(reading.values[criterion.value]) for reading in readings)
    there = [values for values in controls if criterion.value in values]
    control = over_seeds([float(values[criterion.value]) for values in there]) if there else None
    return Finding(criterion, over_seeds(seeds), seeds, control)


def verdict(findings: Sequence[Finding]) -> tuple[Word, str]:
    """holds, fails or depends, and on what.

    Criteria without a condition must all be met. With conditions, a claim that holds under all holds, under some
    depends, under none fails. A claim whose negative control meets all that is asked of it fails: the numbers do not
    tell.
    """
    if undone(findings):
        return "fails", "the negative control meets the same criteria: what is measured does not tell"
    unmet = [f for f in findings if not f.met]
    always = [f for f in unmet if not f.criterion.when]
    if always:
        return "fails", "; ".join(missed(f) for f in always)
    conditions = by_condition(findings)
    holding = [when for when, met in conditions.items() if met]
    failing = [when for when, met in conditions.items() if not met]
    if not failing:
        return "holds", ""
    why = "; ".join(missed(f) for f in unmet) or "there the negative control meets the same"
    if not holding:
        return "fails", why
    return "depends", f"holds {' and '.join(holding)}, not {' nor '.join(failing)}: {why}"


def by_condition(findings: Sequence[Finding]) -> Mapping[str, bool]:
    """Whether all criteria of each named condition are met, and not all of those that its control measured by that."""
    found: dict[str, list[Finding]] = {}
    for f in findings:
        if f.criterion.when:
            found.setdefault(f.criterion.when, []).append(f)
    return {when: all(f.met for f in some) and not undone(some) for when, some in found.items()}


def undone(findings: Sequence[Finding]) -> bool:
    """Whether the negative control meets all that it measured."""
    controlled = [f for f in findings if f.control is not None]
    return bool(controlled) and all(f.met_by_control for f in controlled)


def missed(f: Finding) -> str:
    """What was found where something else was wanted."""
    return f"{f.criterion.says} is {shown(f.found)}, wanted {f.criterion.wanted}"


def shown(found: Interval) -> str:
    """A mean with its interval, as short as its size allows."""
    if found.value != found.value:
        return "unknown"
    if 0 < abs(found.value) < 5e-4:
        return f"{found.value:.1e}"
    digits = 3 if abs(found.value) < 10 else 1 if abs(found.value) < 1_000 else 0
    value = f"{found.value:,.{digits}f}"
    if found.low != found.low or found.low == found.high:
        return value
    return f"{value} [{found.low:,.{digits}f}, {found.high:,.{digits}f}]"
