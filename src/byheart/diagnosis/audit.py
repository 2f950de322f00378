"""Audit: scores, findings and verdict together; `diagnose` makes it and never trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.registry import every, find
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.measure import Measure
from byheart.diagnosis.verdict import Verdict

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.diagnosis.classes import ClassRow
    from byheart.diagnosis.pairs import InfluencePairs
    from byheart.diagnosis.truth import Truth
    from byheart.runs.run import Run
    from byheart.scores.table import Scores

WRITERS = {".html": "html", ".json": "json", ".parquet": "parquet", ".md": "markdown"}


@dataclass(frozen=True, eq=False)
class Audit:
    """What was measured, found and judged.

    `skipped` says per check code why it could not be told, `measures` holds every measured sign by name, `classes`
    and `groups` one row per class and per given group, `truth` the planted truth held against scores and findings
    (None when nothing was planted), `effects` what training without some ids changed, `command` what reproduces the
    audit.
    """

    scores: Scores
    findings: tuple[Finding, ...]
    verdict: Verdict
    skipped: Mapping[str, str]
    task: Task
    truth: Truth | None = None
    command: str = ""
    effects: Mapping[str, Any] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    classes: tuple[ClassRow, ...] = ()
    groups: tuple[ClassRow, ...] = ()

    @property
    def examples(self) -> Scores:
        """One row per example: `audit.examples.to_pandas()`."""
        return self.scores

    @property
    def watched(self) -> Run | None:
        """The run, where a trajectory was recorded; None for a network that was trained elsewhere."""
        return self.scores.run if self.scores.run is not None and self.scores.run.epochs else None

    @cached_property
    def influence_pairs(self) -> InfluencePairs:
        """Which memorized examples help which held-out ones; computed when it is first looked at."""
        from byheart.diagnosis.pairs import influence_pairs

        return influence_pairs(Evidence(self.task, self.scores.run, self.scores.many, self.scores, self.effects))

    @property
    def passed(self) -> tuple[str, ...]:
        """Codes of the checks that ran and found nothing."""
        found = {f.code for f in self.findings}
        return tuple(code for code in every("check") if code not in found and code not in self.skipped)

    def __getitem__(self, code: str) -> Finding:
        for finding in self.findings:
            if finding.code == code:
                return finding
        why = self.skipped.get(code) or ("it found nothing" if code in every("check") else "there is no such check")
        raise UsageError(f"The audit has no finding {code}.", f"({why})")

    def report(self, path: str | Path) -> Path:
        """Write the report; the file's ending chooses its form (.html, .json, .parquet)."""
        path = Path(path)
        known = ", ".join(WRITERS)
        if path.suffix not in WRITERS:
            raise UsageError(
                f"A report cannot be written as {path.suffix or path.name!r}.", do=f"choose one of: {known}"
            )
        return Path(find("writer", WRITERS[path.suffix])(self, path))

    def __repr__(self) -> str:
        codes = ", ".join(f.code for f in self.findings) or "no findings"
        return f"Audit({self.task.name}: {self.verdict.word}; {codes})"


def diagnose(scores: Scores, task: Task, effects: Any = None, command: str = "") -> Audit:
    """Run every check on scores and the evidence behind them, measure the signs, and decide.

    `effects` is what `utility` measured: one Effect (of the memorized examples), or a mapping of name -> Effect with
    "memorized" in it. Errors: UsageError when the scores belong to another task.
    """
    import numpy as np

    from byheart.diagnosis.classes import class_table, group_table
    from byheart.diagnosis.signs import measure
    from byheart.diagnosis.truth import hold
    from byheart.diagnosis.verdict import decide

    if len(scores.ids) != len(task.train) or not np.array_equal(scores.ids, task.train.ids):
        raise UsageError(
            f"The scores are of {len(scores.ids)} examples, the task has {len(task.train)} others.",
            "Results are kept by id.",
            "score the run of this task",
        )
    known = {} if effects is None else dict(effects) if isinstance(effects, Mapping) else {"memorized": effects}
    evidence = Evidence(task, scores.run, scores.many, scores, known)
    findings, skipped = [], {}
    for code, judge in every("check").items():
        try:
            found = judge(evidence)
        except NotApplicable as reason:
            skipped[code] = str(reason)
            continue
        if found is not None:
            findings.append(found)
    measures = measure(evidence)
    return Audit(
        scores=scores,
        findings=tuple(findings),
        verdict=decide(measures),
        skipped=skipped,
        task=task,
        truth=hold(scores, task, findings) if task.truth else None,
        command=command,
        effects=known,
        measures=measures,
        classes=class_table(evidence),
        groups=group_table(evidence),
    )
