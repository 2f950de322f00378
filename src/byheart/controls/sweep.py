"""sweep: every setting trained with several seeds, into one table of what it generalizes and what it memorizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from byheart.base import store
from byheart.base.errors import ByheartError, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import machine
from byheart.base.registry import find
from byheart.base.seeds import spawn
from byheart.controls.cell import opened, rate_key, seconds_of, settle, train
from byheart.controls.memorized import measure, read_share
from byheart.controls.setting import Setting, settings_of
from byheart.controls.swept import Sweep, assembled
from byheart.controls.vary import Factor, Vary, factors_of
from byheart.data.task import Task
from byheart.runs.loop import events_of, one_thread
from byheart.runs.schema import RECORD, TIMING, read_record, same, write_record
from byheart.runs.single import digest_of, record_of
from byheart.runs.workers import each

FILES = {"sweep.parquet": "sweep_parquet", "sweep.json": "sweep_json", "sweep.html": "sweep_html"}


@dataclass(frozen=True)
class Place:
    """A setting with what names its files: cells by `key`, the trial of learning rates by `rate`; "" where the rate is
    given.
    """

    setting: Setting
    key: str
    rate: str
    parameters: int
    lr: float | None


def sweep(
    task: Task,
    vary: Vary,
    seeds: int = 3,
    out: str | Path | None = None,
    *,
    models: int = 0,
    design: str = "grid",
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
    command: str = "",
    announce: Callable[[str], None] = lambda line: None,
) -> Sweep:
    """Train the task in every setting that `vary` spans, with `seeds` seeds each; the same call goes on where it
    stopped.

    `vary` is a mapping of name -> values, or texts such as "dropout=0,0.2,0.5": any field of the recipe, method, plant
    or argument of the network, and network, size, plan, augment, scaling (controls/vary.py). `design` is "grid", or
    "one-at-a-time": the first value of each, and every other beside those. Where no learning rate is given, a trial
    chooses one per setting. With `models`, so many models on random subsets measure what each setting memorizes.
    Folder: `out`, or runs/<task>-sweep-<digest>; it then holds sweep.html, sweep.json and sweep.parquet. More seeds or
    values in the same folder only train what is new. Errors: UsageError, before anything is trained; RunError for a
    folder of another task or seed.
    """
    if seeds < 1:
        raise UsageError(f"seeds={seeds} trains nothing.", do="give at least 1; 3 show a spread")
    if models < 0 or models == 1:
        raise UsageError(f"{models} subset models cannot be compared.", do="give 0 for none, or 8 and more")
    factors = factors_of(vary, task)
    places = [placed(task, setting, seed) for setting in settings_of(factors, design)]
    folder = (Path(out) if out is not None else default(task, factors, seed)).resolve()
    wanted = record_of("sweep", task, seed, {})
    if (folder / RECORD).exists():
        same(folder, read_record(folder), wanted)
    write_record(folder, wanted)
    store.sweep(folder)
    announce(intention(places, seeds, models, folder))
    rates = settled_rates(task, places, seed, folder, jobs, progress or silent())
    pairs = list(zip(places, rates, strict=True))
    cells = {file(folder, p, k): (task, p.setting, k, seed, r) for p, r in pairs for k in range(seeds)}
    work("sweep", train, cells, jobs, progress or silent())
    shares = {share_file(folder, p, models): (task, p.setting, models, seed, r) for p, r in pairs if models}
    work("models", measure, shares, jobs, progress or silent())
    found = assembled(
        task, factors, [(p.setting, p.parameters, r) for p, r in pairs],
        [[opened(file(folder, p, k)) for k in range(seeds)] for p in places],
        [read_share(share_file(folder, p, models)) for p in places] if models else None,
        [[seconds_of(file(folder, p, k)) for k in range(seeds)] for p in places],
        folder=folder, design=design, seed=seed, models=models, command=command,
    )  # fmt: skip
    store.write_json(folder / TIMING, {"cpu_seconds": float(np.nansum(found.seconds)), "machine": machine()})
    for name, writer in FILES.items():
        find("writer", writer)(found, folder / name)
    notes = {"settings": len(places), "seeds": seeds, "models": models}
    write_record(folder, wanted.model_copy(update={"notes": notes, "done": True}))
    return found


def placed(task: Task, setting: Setting, seed: int) -> Place:
    """A setting whose task and network could be made; the error of one that could not names it."""
    try:
        made = setting.task(task, spawn(seed, "data", 0))
        with one_thread():
            key = store.digest(made.digests, digest_of(events_of(made)), seed)[:16]
            parameters = sum(p.numel() for p in made.build().parameters())
    except ByheartError as error:
        raise type(error)(f"In the setting {setting}: {error.what}", error.why, error.do) from error
    return Place(setting, key, "" if made.recipe.lr is not None else rate_key(made)[:16], parameters, made.recipe.lr)


def default(task: Task, factors: Sequence[Factor], seed: int) -> Path:
    """The folder of a sweep that was given none."""
    varied = sorted((f.name, f.texts) for f in factors)
    return Path("runs") / f"{task.name}-sweep-{store.digest(task.digest, varied, seed)[:6]}"


def intention(places: Sequence[Place], seeds: int, models: int, folder: Path) -> str:
    """One line: what will be trained."""
    files = {file(folder, p, k) for p in places for k in range(seeds)}
    there = sum(f.exists() for f in files)
    done = f", {there} of them done" if there else ""
    more = f"; {models} models on random subsets and a watched run for each setting" if models else ""
    return f"{len(places)} settings x {seeds} seeds = {len(places) * seeds} trainings{done}{more}"


def settled_rates(
    task: Task, places: Sequence[Place], seed: int, folder: Path, jobs: int | None, progress: Progress
) -> list[float | None]:
    """The learning rate of each setting: given, or from a trial that settings with equal trials share; None where all
    diverged.
    """
    trials = {folder / "rates" / f"{p.rate}.json": (task, p.setting, seed) for p in places if p.rate}
    work("rates", settle, trials, jobs, progress)
    return [store.read_json(folder / "rates" / f"{p.rate}.json") if p.rate else p.lr for p in places]


def work(
    name: str, make: Callable[..., Any], files: dict[Path, tuple[Any, ...]], jobs: int | None, progress: Progress
) -> None:
    """Make every file that is not there, side by side; each is written where it was made."""
    missing = {path: call for path, call in files.items() if not path.exists()}
    if not missing:
        return
    bar = progress.start(name, len(files), len(files) - len(missing))
    for _ in each(make, [(*call, path) for path, call in missing.items()], jobs):
        bar.advance()
    bar.done()


def file(folder: Path, place: Place, k: int) -> Path:
    """Where a cell lies."""
    return folder / "cells" / f"{place.key}-{k:02d}.safetensors"


def share_file(folder: Path, place: Place, models: int) -> Path:
    """Where the memorized share of a setting lies, beside the run and the models that it was measured with."""
    return folder / "memorized" / place.key / f"share-{models}.json"
