"""Audit of a network that was trained elsewhere: what its weights and gradients reveal, and attacks if asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from byheart.base.errors import UsageError
from byheart.base.progress import Progress, silent
from byheart.base.store import digest, write_json
from byheart.data.task import Task
from byheart.diagnosis.audit import Audit
from byheart.reports.audit import write
from byheart.reports.purchase import PLAN, kept

if TYPE_CHECKING:
    from byheart.privacy.own_target import OwnTarget

SUBSETS = "subsets"


def audit_checkpoint(
    task: Task, weights: str | Path, out: str | Path | None = None, *, progress: Progress | None = None,
    page: str = "html", command: str = "", locate: bool = False, references: int = 0, jobs: int | None = None,
) -> Audit:  # fmt: skip
    """Score, diagnose and report the task's network with the weights of a file; it is not trained.

    With `references` so many subset models of the same task are trained, and the network is attacked with them: its
    training examples against held-out ones, which must not have been trained on elsewhere. Verdict and findings that
    need a trajectory or other networks say so, and what would settle them. Folder: `out`, or
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
    effects: dict[str, OwnTarget | str] = {"location": CHECKPOINT} if locate else {}
    if references:
        from byheart.reports.own_target import attacked
        from byheart.runs.subsets import record_subsets

        many = record_subsets(task, references, folder / SUBSETS, jobs=jobs, progress=progress)
        effects |= {"privacy": attacked(run, task, many)}
    found = diagnose(scores, task, effects, command=command)
    write(found, page, folder)
    return found


def affordable(task: Task, folder: Path, budget: float, jobs: int) -> int:
    """How many references `budget` seconds buy; decided once for a budget, so that the same command goes on with them.

    Errors: UsageError when they buy none.
    """
    from byheart.runs.cost import afford, pace
    from byheart.runs.learning_rate import settled

    plan = kept(folder)
    if budget > plan["budget"] or not plan["models"]:
        task = settled(task, folder / SUBSETS)
        bought = afford(pace(task) * 1.3, budget, jobs).models  # held-out passes and recording come on top of the steps
        if not bought:
            raise UsageError(
                f"A budget of {budget:g} s buys no models to compare the network with.", do="give more: --budget 10min"
            )
        plan |= {"budget": budget, "models": max(bought, plan["models"])}
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / PLAN, plan)
    return plan["models"]


def place(task: Task, weights: str | Path) -> Path:
    """The folder of an audit that was given none."""
    return Path("runs") / f"{task.name}-checkpoint-{digest(task.digest, str(weights))[:6]}"
