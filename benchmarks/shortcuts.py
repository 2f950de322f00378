"""Every method against shortcuts, beside plain training: coloured digits at four strengths of the shortcut, and reviews with rewritten twins (R13).

Claim:    none is made of a method beforehand: each row says "gain", "no gain" or "loss" of its worst group against plain training, by an interval.
Command:  BYHEART_DATA=... python benchmarks/shortcuts.py [--data ten-98 imdb] [--methods LfF MAT] [--seeds 3] [--out DIR]
          (writes benchmarks/results/shortcuts.md from all cells that are done; a cell whose task, method or code has changed is made again)
Hardware: 2 CPU cores, one thread; about 14 CPU-minutes. n: 3 seeds (coloured digits: data and networks; reviews: networks alone).
Spread:   95% intervals by Student's t over the seeds, paired; for reviews, whose data are the same for every seed, the test rows' part is added in
          squares, unpaired, which is cautious.
Settings: one for each method, written down below before anything was run, from the papers where they fit the size; the last step; nothing tuned and
          nothing chosen on validation examples, except within DFR, which is fitted to them. Digits: 10,000 at 14 x 14 (means of 2 x 2 pixels), 30
          epochs, where Nam et al. take 60,000 at 28 x 28 and 100 epochs: exceptions are 6 times fewer at the same share.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from few_models import pooled
from scipy.stats import t as student

from byheart.base.errors import ByheartError, DataError
from byheart.base.provenance import versions
from byheart.base.registry import every, find
from byheart.base.store import digest, read_json, write_json
from byheart.data.task import Task
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.named import call_of, named_event
from byheart.runs.single import digest_of

SEEDS = 3
DATA = {f"ten-{100 * share:g}": share for share in (0.95, 0.98, 0.99, 0.995)} | {"imdb": None}
FIRST = 3  # epochs of a first network that should know the shortcut and not the exceptions: 100 to 120 steps
PLAIN = "plain training"
METHODS: dict[str, tuple[str, ...]] = {
    PLAIN: (),
    "LfF": ("lff",),
    "JTT": (f"jtt(weight=20, epochs={FIRST})",),
    "LC": ("logit_correction",),
    "LC + Group MixUp": ("logit_correction_mixup",),
    "EIIL": (f"eiil(warmup={FIRST}, epochs={FIRST})",),
    "TGTBT": ("too_good_to_be_true",),
    "MAT": ("mat",),
    "GroupDRO*": ("group_balanced", "group_dro"),
    "REPAIR*": ("repair",),
    "LNTL*": ("lntl",),
    "DFR**": ("dfr",),
}
Cell = dict[str, Any]


def task_of(data: str, seed: int) -> Task:
    """The task of a column."""
    if DATA[data] is None:
        return find("task", "imdb_pairs")()
    task = find("task", "coloured_mnist_ten")(seed=seed, agree=DATA[data])
    parts = {part: pooled(getattr(task, part)) for part in ("train", "validation", "test")}
    return dataclasses.replace(task, **parts, recipe=dataclasses.replace(task.recipe, epochs=30))


def missing(method: str) -> list[str]:
    """Names of its events that this version does not have."""
    return [name for name in (call_of(text)[0] for text in METHODS[method]) if name not in every("method")]


def measured(task: Task, events: Sequence[Any], seed: int) -> Cell:
    """Accuracy and size of every test group, and CPU-seconds; or why the method does not apply."""
    begun = time.process_time()
    try:
        with one_thread():
            state = fit(begin(task, np.arange(len(task.train)), seed), events)
            right = outputs(task, state.network, task.test).argmax(1) == task.test.targets
    except DataError as error:
        return {"error": error.what}
    except ByheartError as error:
        return {"error": f"{type(error).__name__}: {error.what}"}
    groups = task.test.groups
    assert groups is not None
    return {
        "groups": {str(g): float(right[groups == g].mean()) for g in np.unique(groups)},
        "sizes": {str(g): int((groups == g).sum()) for g in np.unique(groups)},
        "average": float(right.mean()),
        "seconds": time.process_time() - begun,
    }


def worst(cell: Cell) -> float:
    """The lowest accuracy of a group."""
    return min(cell["groups"].values())


def mean_of(cell: Cell, start: str) -> float:
    """Accuracy over the groups whose names begin so."""
    chosen = [g for g in cell["groups"] if g.startswith(start)]
    return float(np.average([cell["groups"][g] for g in chosen], weights=[cell["sizes"][g] for g in chosen]))


def rows_variance(cell: Cell) -> float:
    """Variance of the worst group's accuracy that comes from which test rows there are."""
    group = min(cell["groups"], key=cell["groups"].get)
    return worst(cell) * (1 - worst(cell)) / cell["sizes"][group]


def reach(values: Sequence[float], rows: float = 0.0) -> float:
    """Half of a 95% interval of the mean: Student's t over seeds, and the rows' variance with the normal quantile."""
    k = len(values)
    if k < 2:
        return float("nan")
    return float(np.hypot(student.ppf(0.975, k - 1) * np.std(values, ddof=1) / np.sqrt(k), 1.96 * np.sqrt(rows)))


def gain(cells: list[Cell], plain: list[Cell], same_data: bool) -> str:
    """Worst group minus that of plain training, paired by seed, with its interval and a word."""
    differences = [worst(a) - worst(b) for a, b in zip(cells, plain, strict=True)]
    rows = float(np.mean([rows_variance(c) for c in cells]) + np.mean([rows_variance(c) for c in plain]))
    mean, half = float(np.mean(differences)), reach(differences, rows if same_data else 0.0)
    word = "gain" if mean - half > 0 else "**loss**" if mean + half < 0 else "**no gain**"
    return f"{mean:+.3f} ± {half:.3f}, {word}" if np.isfinite(half) else f"{mean:+.3f}, one seed"


def table(data: str, cells: dict[str, Cell], seeds: int) -> list[str]:
    """A column of results as a markdown table, one line a method."""
    of = {m: [cells.get(f"{data} {m} {seed}") for seed in range(seeds)] for m in METHODS}
    reviews = DATA[data] is None
    more = ("original", "revised") if reviews else ()
    names = ("worst group", "average", *more, "worst group - plain training", "CPU-seconds")
    lines = [f"| {data} | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for method, found in of.items():
        errors = sorted({c["error"] for c in found if c and "error" in c})
        if missing(method) or errors or None in found:
            lost = f"no method called {', '.join(missing(method))}" if missing(method) else ""
            words = lost or (f"does not apply: {' '.join(errors)}" if errors else "not run")
            lines.append(f"| {method} | {words} |" + " |" * (len(names) - 1))
            continue
        done = [c for c in found if c is not None]
        columns = [
            [worst(c) for c in done],
            [c["average"] for c in done],
            *([mean_of(c, s) for c in done] for s in more),
        ]
        shown = [f"{np.mean(v):.3f} ± {np.std(v, ddof=1) if len(v) > 1 else np.nan:.3f}" for v in columns]
        plain = [c for c in of[PLAIN] if c is not None and "error" not in c]
        beside = (
            ""
            if method == PLAIN
            else gain(done, plain, reviews)
            if len(plain) == len(done)
            else "plain training not run"
        )
        seconds = np.mean([c["seconds"] for c in done])
        lines.append(f"| {method} | " + " | ".join([*shown, beside, f"{seconds:.1f}"]) + " |")
    return [*lines, ""]


def report(cells: dict[str, Cell], seeds: int) -> str:
    """The whole result as markdown."""
    settings = ", ".join(f"{m}: {' + '.join(e)}" for m, e in METHODS.items() if e)
    spent = sum(c.get("seconds", 0.0) for c in cells.values()) / 60
    return "\n".join([
        "# Shortcuts: every method beside plain training", "",
        f"Written by `python benchmarks/shortcuts.py`; its header says what n and the intervals are. {seeds} seeds, {spent:.0f} CPU-minutes in all; torch "
        f"{versions()['torch']}. ± in the first columns is the standard deviation over seeds, in the difference a 95% interval.", "",
        "`ten-X`: coloured_mnist_ten, the colour right for X% of the training digits and random at test; 10,000 digits at 14 x 14, 30 epochs. `imdb`: "
        "imdb_pairs, bags of 5,000 words, trained on original reviews, tested on them and on their rewritten twins.",
        f"*: is told the group or the colour of every training example. **: is fitted to validation examples with their groups. Settings: {settings}.", "",
        *(line for data in DATA for line in table(data, cells, seeds)),
    ])  # fmt: skip


def main() -> None:
    """Make the cells that are asked for and not there, and write the table of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, default=Path("runs/shortcuts"))
    given = parser.parse_args()
    path = given.out / "cells.json"
    cells: dict[str, Cell] = read_json(path) if path.exists() else {}
    for data in given.data:
        for seed in range(given.seeds):
            task = task_of(data, seed)
            for method in given.methods:
                if missing(method):
                    continue
                events = [named_event(text) for text in METHODS[method]]
                name, whose = f"{data} {method} {seed}", digest(task.digest, digest_of(events), seed)
                if cells.get(name, {}).get("digest") != whose:
                    cells[name] = {"digest": whose, **measured(task, events, seed)}
                    write_json(path, cells)
                    kept = {k: v for k, v in cells[name].items() if k not in ("digest", "sizes")}
                    print(name, kept, flush=True)
    text = report(cells, given.seeds)
    Path(__file__).parent.joinpath("results", "shortcuts.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
