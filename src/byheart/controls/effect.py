"""effect: train with and without a plan, in pairs that share their seeds, and say what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import machine
from byheart.base.seeds import spawn
from byheart.base.store import sweep, write_json
from byheart.controls.arm import arm_key, opened, seconds_of, train_arm
from byheart.controls.change import Change, lines_of, memorized_line
from byheart.controls.plan import Plan
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.share import shares
from byheart.diagnosis.uncertainty import UNKNOWN, Interval
from byheart.runs.cost import ARM, SUBSET, WORKER, pace
from byheart.runs.learner import Learner, Network
from byheart.runs.learning_rate import settled
from byheart.runs.loop import events_of
from byheart.runs.schema import RECORD, TIMING, read_record, same, write_record
from byheart.runs.single import learner_digest, record, record_of
from byheart.runs.subsets import record_subsets
from byheart.runs.workers import each, workers
from byheart.scores.table import score

TWICE = 3.0  # what a training with a second network costs beside a plain one


def effect(
    task: Task, plan: Plan, seeds: int = 5, out: str | Path = "runs/effect", *, models: int = 0, seed: int = 0,
    learner: Learner | None = None, jobs: int | None = None, progress: Progress | None = None,
) -> Change:  # fmt: skip
    """Train `seeds` pairs of networks, without the plan and with it, and compare them on the same held-out rows.

    A pair shares its seed. Trainings without the plan lie in the folder for every plan that is measured there, and the
    same call goes on where it stopped. With `models`, so many on random subsets and a watched run say for each arm what
    share of its training examples it memorizes. Errors: UsageError when the plan does not fit; RunError for a folder of
    another task or seed.
    """
    if seeds < 2:
        raise UsageError(f"{seeds} pair has no spread.", do="give at least 2")
    if models < 0 or models == 1:
        raise UsageError(f"{models} subset models cannot be compared.", do="give 0 for none, or 8 and more")
    folder = Path(out).resolve()
    if learner is None or isinstance(learner, Network):  # others know nothing of a learning rate
        task = settled(task, folder)
    changed = plan.apply(task)
    open_folder(task, seed, folder, learner)
    train([task, changed], seeds, folder, seed, learner, jobs, progress)
    before, after = (columns(task, arm, seeds, folder) for arm in (task, changed))
    lines = lines_of(task, before, after)
    if models:
        was, now = (memorized(arm, models, seed, folder, jobs, progress) for arm in (task, changed))
        lines = (lines[0], memorized_line(was, now, models), *lines[1:])
    spent = [seconds_of(path_of(folder, arm, k)) for arm in (task, changed) for k in range(seeds)]
    write_json(folder / TIMING, {"cpu_seconds": float(np.nansum(spent)), "machine": machine()})
    sizes = len(task.train), len(changed.train)
    return Change(plan, task.name, lines, seeds, sizes, float(np.nansum(spent)))


def open_folder(task: Task, seed: int, folder: Path, learner: Learner | None) -> None:
    """Make the folder this task's; RunError when it is another's."""
    wanted = record_of("effect", task, seed, {"learner": learner_digest(learner), "arms": "plans"})
    if (folder / RECORD).exists():
        same(folder, read_record(folder), wanted)
    write_record(folder, wanted.model_copy(update={"done": True}))  # each arm is whole or absent
    sweep(folder)


def train(
    arms: Sequence[Task], seeds: int, folder: Path, seed: int, learner: Learner | None, jobs: int | None,
    progress: Progress | None,
) -> None:  # fmt: skip
    """Train what is missing of the arms, pair after pair; the first is the one without a plan."""
    wanted = {path_of(folder, arm, k): (arm, k) for k in range(seeds) for arm in arms}
    calls = [
        (arms[0], arm, learner or Network(), spawn(seed, "pair", k), path)
        for path, (arm, k) in wanted.items()
        if not path.exists()
    ]
    bar = (progress or silent()).start("effect", len(wanted), len(wanted) - len(calls))
    for _ in each(train_arm, calls, jobs):
        bar.advance()
    bar.done()


def columns(base: Task, arm: Task, seeds: int, folder: Path) -> dict[str, np.ndarray]:
    """What an arm answers: name -> (seeds, rows)."""
    found = [opened(path_of(folder, arm, k), base) for k in range(seeds)]
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


def path_of(folder: Path, arm: Task, k: int) -> Path:
    """Where one training of an arm lies."""
    return folder / "arms" / f"{arm_key(arm)}-{k:02d}.safetensors"


def memorized(arm: Task, models: int, seed: int, folder: Path, jobs: int | None, progress: Progress | None) -> Interval:
    """The share of an arm's training examples with memorization >= .25, from models on random subsets of them."""
    place = folder / "memorized" / arm_key(arm)
    run = record(arm, place / "run", spawn(seed, "watched"), progress=progress)
    many = record_subsets(arm, models, place / "subsets", seed, jobs=jobs, progress=progress)
    sign = shares(Evidence(arm, run, many, score(run, many, ["memorization"])))["share"]
    return Interval(sign.value, sign.low, sign.high) if sign.known else UNKNOWN


def price(task: Task, plan: Plan | None, one_run: float, seeds: int, models: int, jobs: int | None = None) -> float:
    """Wall seconds of one arm, with a plan or (None) without, when one run costs `one_run` CPU-seconds."""
    changed, side = task if plan is None else plan.apply(task), workers(jobs)
    more = TWICE if any(map(twice, events_of(changed))) else 1.0
    trainings = -(-seeds // side) * ARM + (-(-models // side) * SUBSET + 1 if models else 0)
    share = len(changed.train) / len(task.train)
    return trainings * one_run * share * more


def twice(event: object) -> bool:
    """Whether an event trains another network."""
    from byheart.base.registry import every

    return any(spec.trains_twice for spec in every("method").values() if isinstance(event, spec.event))


def predicted(task: Task, plan: Plan, seeds: int, models: int = 0, jobs: int | None = None) -> float:
    """Wall seconds that `effect` takes in a new folder, from a few steps of training."""
    one_run = pace(settled(task))
    arms = sum(price(task, which, one_run, seeds, models, jobs) for which in (None, plan))
    return arms + (WORKER if workers(jobs) > 1 else 0.0)
