"""advise: which plan helps on this very task, measured as far as a budget of time goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from byheart.base.errors import ByheartError, UsageError
from byheart.base.progress import Progress
from byheart.controls.candidates import candidates
from byheart.controls.change import Change, Line
from byheart.controls.effect import effect, path_of, price
from byheart.controls.plan import Plan
from byheart.controls.verbs import cautions
from byheart.data.task import Task
from byheart.runs.cost import WORKER, pace
from byheart.runs.learning_rate import settled
from byheart.runs.workers import workers

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

Word = Literal["helps", "no gain shown", "harms", "not measured", "not possible", "not advised"]


@dataclass(frozen=True, eq=False)
class Advice:
    """One plan and what it was seen to do.

    `word` is about `measure`, the line that chose: validation accuracy (for regression, loss), after a bad verdict with
    given groups that of the weakest group. `seconds` is what measuring it was expected to take; `why` says what
    hindered a plan that was not measured.
    """

    plan: Plan
    word: Word
    seconds: float
    change: Change | None = None
    measure: Line | None = None
    why: str = ""

    def __repr__(self) -> str:
        gain = "" if self.measure is None else f" by {self.measure.gain.value:+.4f} ({self.measure.name})"
        return f"Advice({'; '.join(a.says for a in self.plan.actions)}: {self.word}{gain})"


def advise(
    audit: Audit, budget: float, out: str | Path | None = None, *, seeds: int = 3, seed: int = 0,
    plans: Sequence[Plan] | None = None, jobs: int | None = None, progress: Progress | None = None,
) -> tuple[Advice, ...]:  # fmt: skip
    """Measure the plans that fit the audit, within `budget` seconds, and rank them: the largest gain first.

    Validation examples rank; test examples only report (`advice.change`). Plans that the budget did not buy come last
    and say what they would cost. None takes away what a bad verdict names. Trainings without a plan are shared by all,
    and lie with the others in `out` (by default beside the audit's run, in control/effect): the same call with more
    budget goes on. Errors: UsageError for a budget that buys nothing.
    """
    if not budget > 0:
        raise UsageError(f"A budget of {budget:g} s buys nothing.", do="give at least some seconds")
    begun, run = time.monotonic(), audit.scores.run
    folder = Path(out).resolve() if out is not None else folder_of(audit)
    task = settled(audit.task, folder)
    one_run = run.timing.get("cpu_seconds") if run is not None else None
    one_run = float(one_run) if one_run else pace(task)
    start, found = WORKER if workers(jobs) > 1 else 0.0, []
    paid, expected = 0.0, 0.0  # a busy machine takes longer than its CPU time says
    for plan in candidates(audit) if plans is None else plans:
        seconds = left_to_pay(task, plan, folder, one_run, seeds, jobs)
        if taken := cautions(audit, plan.actions):
            found.append(Advice(plan, "not advised", seconds, why=taken[0]))
            continue
        slower = max(1.0, paid / expected) if expected else 1.0
        if seconds and time.monotonic() - begun + slower * seconds + start > budget:
            why = f"it takes about {slower * seconds + start:.0f} s, more than was left"
            found.append(Advice(plan, "not measured", seconds, why=why))
            continue
        before = time.monotonic()
        try:
            change = effect(task, plan, seeds, folder, seed=seed, jobs=jobs, progress=progress)
        except ByheartError as error:  # a network without activations has no dropout, ...
            found.append(Advice(plan, "not possible", seconds, why=error.what))
            continue
        if seconds:
            paid, expected = paid + time.monotonic() - before, expected + seconds + start
            start = 0.0  # workers stay
        line = chief(change, audit.verdict.word == "bad")
        found.append(Advice(plan, word_of(line), seconds, change, line))
    return tuple(sorted(found, key=lambda a: -a.measure.gain.value if a.measure is not None else float("inf")))


def folder_of(audit: Audit) -> Path:
    """The folder for trainings on behalf of an audit; UsageError when it has no run and so no place."""
    if audit.scores.run is None:
        raise UsageError("The audit has no run, and so no folder.", do="give out=")
    return audit.scores.run.folder.parent.resolve() / "control" / "effect"


def left_to_pay(task: Task, plan: Plan, folder: Path, one_run: float, seeds: int, jobs: int | None) -> float:
    """Wall seconds for what is not there yet of a plan's arm and of the arm without one."""
    total = 0.0
    for which, arm in ((None, task), (plan, plan.apply(task))):
        missing = sum(not path_of(folder, arm, k).exists() for k in range(seeds))
        total += price(task, which, one_run, missing, 0, jobs) if missing else 0.0
    return total


def chief(change: Change, bad: bool) -> Line:
    """The line that ranks: nothing read on test examples."""
    names = ["worst_group_validation"] if bad else []
    return next(change[n] for n in (*names, "validation_accuracy", "validation_loss") if n in change)


def word_of(line: Line) -> Word:
    """What a line says of its plan."""
    return "helps" if line.gain.low > 0 else "harms" if line.gain.high < 0 else "no gain shown"
