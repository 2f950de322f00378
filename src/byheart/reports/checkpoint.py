"""Audit of a network that was trained elsewhere: what its weights and gradients reveal, with no training at all."""

from __future__ import annotations

from pathlib import Path

from byheart.base.progress import Progress, silent
from byheart.base.store import digest
from byheart.data.task import Task
from byheart.diagnosis.audit import Audit
from byheart.reports.audit import write


def audit_checkpoint(
    task: Task, weights: str | Path, out: str | Path | None = None, *, progress: Progress | None = None,
    page: str = "html", command: str = "", locate: bool = False,
) -> Audit:  # fmt: skip
    """Score, diagnose and report the task's network with the weights of a file; nothing is trained.

    Verdict and findings that need a trajectory or other networks say so, and what would settle them. Folder: `out`, or
    runs/<task>-checkpoint-<digest>; it then holds what `byheart.audit` leaves. With `locate` the report says why layers
    were not asked. Errors: those of `runs.given.given`.
    """
    from byheart.diagnosis.audit import diagnose
    from byheart.reports.located import CHECKPOINT
    from byheart.runs.given import given
    from byheart.scores.table import score

    folder = Path(out) if out is not None else place(task, weights)
    run = given(task, weights, folder / "run")
    bar = (progress or silent()).start("score", 1)
    scores = score(run, None, task=task)
    bar.advance()
    bar.done()
    scores.save(folder / "scores")
    found = diagnose(scores, task, {"location": CHECKPOINT} if locate else None, command=command)
    write(found, page, folder)
    return found


def place(task: Task, weights: str | Path) -> Path:
    """The folder of an audit that was given none."""
    return Path("runs") / f"{task.name}-checkpoint-{digest(task.digest, str(weights))[:6]}"
