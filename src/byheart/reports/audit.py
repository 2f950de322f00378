"""audit: the whole way in one call, from a task to its verdict and report, within a budget of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import RunError, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.store import digest, read_json, write_json
from byheart.reports.located import KEPT
from byheart.reports.purchase import PLAN, counted, intention, purchase
from byheart.reports.times import Times

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.diagnosis.audit import Audit
    from byheart.privacy.leakage import Leakage
    from byheart.reports.located import Located
    from byheart.runs.run import Run
    from byheart.runs.subsets import SubsetRuns
    from byheart.runs.twin import Twin
    from byheart.runs.utility import Effect
    from byheart.scores.table import Scores

QUICK = ("gradient_norm", "self_influence")  # scores of the network that cost a few passes; byheart score has the rest
FEWEST = 3  # fewer memorized examples have no utility that could be measured
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
    privacy: bool = False,
    queries: Sequence[str] = (),
    locate: bool = False,
    announce: Callable[[str], None] = lambda line: None,
) -> Audit:
    """Record, score, diagnose and report a task within `budget` seconds; the same call again goes on, or reads what is
    there.

    The first run is measured, and the number of subset models and of utility pairs follows from it, unless `models` or
    `pairs` say otherwise; with pairs comes a regularized twin of the run, and where the run answers training examples
    from inputs that are idle at test time, a twin without these. Folder: `out`, or runs/<task>-<digest>; it then holds
    audit.html (by the writer `page`: html or html_redacted), audit.json, scores.parquet, influence_pairs.parquet.
    With `privacy` the subset models are attacked, each in turn with the others as references, and asked about images
    changed by each of `queries` ("mirror", "left=1") as well; with `locate` the run keeps checkpoints, and its layers
    are asked which of them hold what was memorized.
    `announce` gets the lines that say what will be done. Errors: RunError when the folder belongs to another task or
    seed; UsageError for queries about what is no image.
    """
    from byheart.diagnosis.audit import diagnose
    from byheart.reports.located import kept_along, located, trainings
    from byheart.runs.learning_rate import settled
    from byheart.runs.queries import checked
    from byheart.runs.single import record
    from byheart.runs.workers import workers

    if not 0 < budget < math.inf:
        raise UsageError(f"A budget of {budget:g} s buys nothing.", do="give at least some seconds: budget=60")
    if pairs is not None and not counted(pairs):
        raise UsageError(f"{pairs} pairs have no spread.", do="give 0 for none, or 2 and more")
    if models is not None and not counted(models):
        raise UsageError(
            f"{models} subset models cannot be compared.", do="give 0 for none, or 2 and more; 20 make a block"
        )
    checked(task, queries)
    progress, jobs = progress or silent(), workers(jobs)
    watched = kept_along(task) if locate else task
    folder = Path(out) if out is not None else place(watched, seed, queries)
    if fresh:
        _forget(folder)
    besides = trainings(watched) if locate else 0.0
    for line in intention(task, folder, budget, models, pairs, jobs, besides):
        announce(line)
    task = settled(task, folder / "run")
    watched = kept_along(task) if locate else task
    times = Times(folder)
    with times("record"):
        run = record(watched, folder / "run", seed, progress=progress)
    models, pairs = purchase(run, folder, budget, models, pairs, jobs, besides)
    many = None
    effects: dict[str, Effect | Twin | Leakage | Located | str] = {}
    if models:
        from byheart.runs.subsets import record_subsets

        with times("subsets"):
            many = record_subsets(task, models, folder / "subsets", seed, jobs=jobs, progress=progress, queries=queries)
    with times("score"):
        scores = _scores(run, many, task, folder, progress)
    with times("utility"):
        if pairs and many is not None:
            effects |= _effects(task, scores, pairs, folder, seed, jobs, progress)
    with times("twins"):
        if pairs:
            effects |= _twins(task, scores, folder, progress)
    if privacy:
        with times("privacy"):
            effects |= {"privacy": _attacks(scores, task)}
    if locate:
        with times("locate"):
            effects |= {"location": located(run, task, scores, folder)}
    with times("diagnose"):
        found = diagnose(scores, task, effects, command=command)
    with times("report"):
        write(found, page, folder)
    return found


def place(task: Task, seed: int, queries: Sequence[str] = ()) -> Path:
    """The folder of an audit that was given none."""
    return Path("runs") / f"{task.name}-{digest(task.digest, seed, *queries)[:6]}"


def _forget(folder: Path) -> None:
    """Remove what an earlier audit left in the folder, and nothing that somebody else keeps there."""
    import shutil

    from byheart.runs.single import restart

    for name in ("run", "subsets", "utility", "twin", "idle"):
        restart(folder / name)
    if (folder / "scores" / "key.json").exists():
        shutil.rmtree(folder / "scores")
    if (folder / PLAN).exists():
        for name in (PLAN, PAGE, *TWINS, KEPT, "timing.json"):
            (folder / name).unlink(missing_ok=True)


def write(found: Audit, page: str, folder: Path) -> None:
    """Write the page by the writer of that name, and the JSON and Parquet twins."""
    from byheart.base.registry import find

    for name, writer in {PAGE: page, **TWINS}.items():
        find("writer", writer)(found, folder / name)


def _scores(run: Run, many: SubsetRuns | None, task: Task, folder: Path, progress: Progress) -> Scores:
    """Scores of this evidence, read back when they were computed before."""
    from byheart.base.provenance import versions
    from byheart.base.registry import every
    from byheart.scores.table import Scores, score

    evidence = [run.record.digests, run.record.seed, run.beside, many.models if many else 0]
    names = [name for name, spec in every("score").items() if spec.needs != "checkpoint" or name in QUICK]
    key = digest(evidence, versions(), names)
    kept = folder / "scores" / "key.json"
    with suppress(RunError):  # missing or damaged: they are computed again from the evidence
        if read_json(kept) == key:
            return Scores.load(folder / "scores", run, many)
    bar = progress.start("score", 1)
    scores = score(run, many, names, task=task)
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


def _attacks(scores: Scores, task: Task) -> Leakage | str:
    """Membership attacks on the subset models that are there, or why they cannot be made; nothing more is trained."""
    from byheart.base.errors import NotApplicable
    from byheart.diagnosis.check import WHY
    from byheart.privacy.answers import answers_of
    from byheart.privacy.leakage import leakage
    from byheart.reports.privacy_groups import names_of

    many = scores.many
    if many is None:
        return WHY["many"]
    try:
        right, memorization = many["correct"][:, : many.n], scores.columns.get("memorization")
        return leakage(answers_of(many), right, memorization, names_of(task))
    except NotApplicable as why:
        return str(why)


def _twins(task: Task, scores: Scores, folder: Path, progress: Progress) -> dict[str, Twin]:
    """A regularized twin of the run; beside it one without idle inputs, if the run answers from them."""
    from byheart.diagnosis.check import Evidence
    from byheart.diagnosis.idle import answers_from_idle, idle_inputs
    from byheart.runs.twin import regularized_twin, stilled_twin

    run = scores.run
    assert run is not None
    found = {"twin": regularized_twin(run, task, folder / "twin", progress)}
    if answers_from_idle(Evidence(task, run, scores.many, scores)):
        found["idle"] = stilled_twin(run, task, idle_inputs(task), folder / "idle", progress)
    return found
