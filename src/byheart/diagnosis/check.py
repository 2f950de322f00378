"""A check: evidence -> Finding or None, registered under its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.base.registry import register
from byheart.diagnosis.finding import Finding, Severity

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.runs.run import Run
    from byheart.runs.subsets import SubsetRuns
    from byheart.scores.table import Scores

Needs = Literal["data", "network", "trajectory", "subset", "both"]
WHY = {
    "run": "no trajectory was recorded; byheart.record(task) records one",
    "epochs": "the network was trained elsewhere, unwatched; byheart.record(task) records a trajectory",
    "many": "no subset models were trained; byheart.record_subsets(task, models=20) trains them",
}


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that a check may read. Rows are those of `task.train`, in its order."""

    task: Task
    run: Run | None
    many: SubsetRuns | None
    scores: Scores
    effects: Mapping[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> np.ndarray:
        """A score (n,); NotApplicable, with the reason, where it could not be computed."""
        if name in self.scores.columns:
            return np.asarray(self.scores.columns[name], float)
        why = self.scores.skipped.get(name, "it was not asked for")
        raise NotApplicable(f"the score {name} is missing: {why}")

    def optional(self, name: str) -> np.ndarray:
        """A score (n,), or NaNs where it could not be computed."""
        missing = np.full(len(self.task.train), np.nan)
        return np.asarray(self.scores.columns.get(name, missing), float)

    def errors(self, name: str) -> np.ndarray:
        """Standard errors (n,) of a score, NaN where there are none."""
        missing = np.full(len(self.task.train), np.nan)
        return np.asarray(self.scores.errors.get(name, missing), float)

    @cached_property
    def votes(self) -> np.ndarray:
        """How many models that left example i out predict class k: (n, K); NotApplicable without subset models."""
        if self.many is None:
            raise NotApplicable(WHY["many"])
        if not self.task.is_classification:
            raise NotApplicable("the targets are numbers, not classes")
        return self.many.votes

    @cached_property
    def misled(self) -> Finding | None:
        """MEM008 for the weakest given group, looked for once; None without groups. Errors: NotApplicable."""
        from byheart.diagnosis.groups import weakest
        from byheart.diagnosis.mem008_shortcut import misled

        group = weakest(self, "group")
        return None if group is None else misled(self, group)

    @cached_property
    def belief(self) -> np.ndarray:
        """Mean probabilities (n, K) of the models that left example i out, NaN where there is none."""
        if self.many is None:
            raise NotApplicable(WHY["many"])
        if not self.task.is_classification:
            raise NotApplicable("the targets are numbers, not classes")
        mean, counts = self.many.out_of_sample()
        return np.where(np.asarray(counts)[:, None] > 0, mean, np.nan)


@dataclass(frozen=True)
class Check:
    """A registered check: `title` says what it finds, `needs` which evidence it cannot do without."""

    code: str
    title: str
    severity: Severity
    needs: Needs
    judge: Callable[[Evidence], Finding | None]

    @property
    def finds(self) -> str:
        """The first sentence of its docstring."""
        return " ".join((self.judge.__doc__ or self.title).split("\n\n")[0].split())

    def __call__(self, evidence: Evidence) -> Finding | None:
        """A finding, or None when there is nothing to find; NotApplicable, with the reason, when it cannot be told."""
        if self.needs in ("network", "trajectory", "both") and evidence.run is None:
            raise NotApplicable(WHY["run"])
        if self.needs in ("trajectory", "both") and evidence.run is not None and not evidence.run.epochs:
            raise NotApplicable(WHY["epochs"])
        if self.needs in ("subset", "both") and evidence.many is None:
            raise NotApplicable(WHY["many"])
        return self.judge(evidence)


def check(
    code: str, *, title: str, severity: Severity, needs: Needs
) -> Callable[[Callable[[Evidence], Finding | None]], Check]:
    """Register the decorated function, evidence -> Finding | None, as a check."""

    def make(judge: Callable[[Evidence], Finding | None]) -> Check:
        made = Check(code, title, severity, needs, judge)
        register("check", code)(made)
        return made

    return make
