"""audit: the whole way in one call, from a task to its verdict and report, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import RunError, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import cores, machine
from byheart.base.store import digest, read_json, write_json

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.diagnosis.audit import Audit
    from byheart.runs.run import Run
    from byheart.runs.subsets import SubsetRuns
    from byheart.runs.utility import Effect
    from byheart.scores.table import Scores

FEWEST = 3  # fewer memorized examples have no utility that could be measured
PLAN = "plan.json"
PAGE = "audit.html"
TWINS = {"audit.json": "json", "scores.parquet": "parquet", "influence_pairs.parquet": "influence_parquet"}


def audit(
    task: Task,
    out: str | Path | None = None,
    budget: float = 120.0,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    models: int | None = None,
    pairs: int | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    page: str = "html",
    command: str = "",
    announce: Callable[[str], None] = lambda line: None,
) -> Audit:
    """Record, score, diagnose and report a task within `budget` seconds; the same call again goes on, or reads what is
    there.

    The first run is measured, and the number of subset models and of utility pairs follows from it, unless `models` or
    `pairs` say otherwise. Folder: `out`, or runs/<task>-<digest>; it then holds audit.html (by the writer `page`: html
    or html_redacted), audit.json, scores.parquet, influence_pairs.parquet. `announce` gets the lines that say what will
    be done. Errors: RunError when the folder belongs to another task or seed.
    """
    from byheart.diagnosis.audit import diagnose
    from byheart.runs.learning_rate import settled
    from byheart.runs.single import record

    if budget <= 0:
        raise UsageError(f"A budget of {budget:g} s buys nothing.", do="give at least some seconds: budget=60")
    if models is not None and (models < 0 or models == 1):
        raise UsageError(
            f"{models} subset models cannot be compared.", do="give 0 for none, or 2 and more; 20 make a block"
        )
    progress, jobs = progress or silent(), jobs or cores()
    folder = Path(out) if out is not None else place(task, seed)
    if fresh:
        _forget(folder)
    task = settled(task)
    times = _Times(folder)
    announce(_intention(task, folder, budget, models, pairs, jobs))
    with times("record"):
        run = record(task, folder / "run", seed, progress=progress)
    models, pairs = _purchase(run, folder, budget, models, pairs, jobs)
    many, effects = None, {}
    if models:
        from byheart.runs.subsets import record_subsets

        with times("subsets"):
            many = record_subsets(task, models, folder / "subsets", seed, jobs=jobs, progress=progress)
    with times("score"):
        scores = _scores(run, many, folder, progress)
    with times("utility"):
        if pairs and many is not None:
            effects = _effects(task, scores, pairs, folder, seed, jobs, progress)
    with times("diagnose"):
        found = diagnose(scores, task, effects, command=command)
    with times("report"):
        for name, writer in {PAGE: page, **TWINS}.items():
            _write(found, writer, folder / name)
    return found


def place(task: Task, seed: int) -> Path:
    """The folder of an audit that was given none."""
    return Path("runs") / f"{task.name}-{digest(task.digest, seed)[:6]}"


def _forget(folder: Path) -> None:
    """Remove what an earlier audit left in the folder, and nothing that somebody else keeps there."""
    import shutil

    from byheart.runs.single import restart

    for name in ("run", "subsets", "utility"):
        restart(folder / name)
    if (folder / "scores" / "key.json").exists():
        shutil.rmtree(folder / "scores")
    if (folder / PLAN).exists():
        for name in (PLAN, PAGE, *TWINS, "timing.json"):
            (folder / name).unlink(missing_ok=True)


def _write(found: Audit, writer: str, path: Path) -> None:
    from byheart.base.registry import find

    find("writer", writer)(found, path)


def _intention(task: Task, folder: Path, budget: float, models: int | None, pairs: int | None, jobs: int) -> str:
    """One line: what will be done and how long it takes."""
    from byheart.runs.cost import afford, pace, priced

    plan = _kept(folder)
    if plan["budget"] >= budget and models is None:
        return (
            f"{task.recipe.epochs} epochs, {plan['models']} subset models, "
            f"{plan['pairs']} pairs without the memorized: as begun in {folder}"
        )
    one = pace(task) * 1.3  # held-out passes and recording come on top of the steps
    bought = afford(one, budget - one, jobs)
    m, p = bought.models if models is None else models, bought.pairs if pairs is None else pairs
    seconds = one + priced(one, m, p, jobs)
    whose = f"of the {budget:g} s budget" if models is None else "whatever the budget"
    what = f"{task.recipe.epochs} epochs, {m} subset models, {p} pairs without the memorized"
    return f"{what}: about {seconds:.0f} s {whose}"


def _kept(folder: Path) -> dict[str, Any]:
    """The plan that was made here before."""
    path = folder / PLAN
    if not path.exists():
        return {"budget": 0.0, "models": 0, "pairs": 0}
    plan = read_json(path)
    try:
        return {"budget": float(plan["budget"]), "models": int(plan["models"]), "pairs": int(plan["pairs"])}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RunError(
            f"{path} is damaged.", f"({type(error).__name__}: {error})", "delete it; the plan is made again"
        ) from error


def _purchase(
    run: Run, folder: Path, budget: float, models: int | None, pairs: int | None, jobs: int
) -> tuple[int, int]:
    """How many models and pairs; decided once for a budget, so that the same command goes on with the same plan.

    What the watched run took stands in its folder, so that an interruption before the plan changes nothing.
    """
    from byheart.runs.cost import afford

    plan = _kept(folder)
    if budget > plan["budget"] and (models is None or pairs is None):
        took = float(run.timing.get("cpu_seconds", 0.0))
        bought = afford(took, budget - took, jobs)
        plan = {
            "budget": budget,
            "models": max(bought.models, plan["models"]),
            "pairs": max(bought.pairs, plan["pairs"]),
        }
    plan |= {"models": plan["models"] if models is None else models, "pairs": plan["pairs"] if pairs is None else pairs}
    write_json(folder / PLAN, plan)
    return int(plan["models"]), int(plan["pairs"])


def _scores(run: Run, many: SubsetRuns | None, folder: Path, progress: Progress) -> Scores:
    """Scores of this evidence, read back when they were computed before."""
    from byheart.base.provenance import versions
    from byheart.scores.table import Scores, score

    key = digest(run.record.digests, run.record.seed, many.models if many else 0, versions())
    kept = folder / "scores" / "key.json"
    with suppress(RunError):  # missing or damaged: they are computed again from the evidence
        if read_json(kept) == key:
            return Scores.load(folder / "scores", run, many)
    bar = progress.start("score", 1)
    scores = score(run, many)
    scores.save(folder / "scores")
    write_json(kept, key)
    bar.advance()
    bar.done()
    return scores


def _effects(
    task: Task, scores: Scores, pairs: int, folder: Path, seed: int, jobs: int, progress: Progress
) -> dict[str, Effect]:
    """The marginal utility of what was memorized; nothing when too little was."""
    from byheart.diagnosis.share import memorized
    from byheart.runs.utility import utility

    ids = np.sort(memorized(scores))
    left = task.train.targets[~np.isin(task.train.ids, ids)]
    if len(ids) < FEWEST or len(left) < FEWEST or (task.is_classification and len(np.unique(left)) < 2):
        return {}
    place = folder / "utility" / digest(ids)[:8]  # other evidence may name other examples; both stay
    return {"memorized": utility(task, ids, pairs, place, seed=seed, jobs=jobs, progress=progress)}


class _Times:
    """Seconds of each step; a step that only read what was there keeps the time that it once took."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "timing.json"
        self.steps: dict[str, float] = {}
        with suppress(RunError, KeyError, TypeError, ValueError, AttributeError):  # damaged: the steps are timed anew
            self.steps = {step: float(spent) for step, spent in read_json(self.path)["wall_seconds"].items()}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.steps[step] = max(self.steps.get(step, 0.0), round(time.monotonic() - begun, 3))
        write_json(self.path, {"wall_seconds": self.steps, "machine": machine()})
