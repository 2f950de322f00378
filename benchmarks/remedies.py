"""What helps when a tenth of the labels are wrong: each remedy beside doing nothing, and beside clean labels.

Claim:    none is made beforehand: each row says by how much a remedy moves test accuracy and the memorized share.
Command:  BYHEART_DATA=... python benchmarks/remedies.py [--seeds 3] [--out DIR]
          (a training that is done is read from DIR; writes benchmarks/results/remedies.md)
Hardware: 2 CPU cores, one of them used; about 60 CPU-minutes. n: 3 seeds (wrong labels, subsets, networks), each with 2 pairs of trainings
          that share their seeds; 10,000 Fashion-MNIST examples, 10% of the labels replaced by another class; clean validation and test examples.
Spread:   95% intervals by Student's t over the 3 seeds, of differences within a seed.
Remedies: as `byheart control` makes them from an audit with 20 subset models, at their defaults; nothing was tuned here. cleanlab's filter gets
          out-of-fold probabilities of five more networks. "clean labels" undoes the planting, which no user can do. Memorized share: memorization >=
          .25, from 8 subset models and one watched run for each arm; what a remedy leaves out cannot be memorized.
Needs:    pip install -e .[bench]
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from noisy_labels import cleanlab_of
from scipy.stats import t as student

import byheart as bh
from byheart.base.errors import UsageError
from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.base.store import read_json, write_json
from byheart.diagnosis.audit import Audit
from byheart.runs.learning_rate import settled

SEEDS, MODELS, PAIRS, FEW = 3, 20, 2, 8
RESULT = Path(__file__).parent / "results" / "remedies.md"
MEASURES = ("test_accuracy", "memorized", "wrong_fitted")
Make = Callable[[Audit, int], bh.Plan]


def clean(audit: Audit, seed: int) -> bh.Plan:
    """The labels as they were before the planting."""
    wrong = audit.task.truth["wrong"]
    return bh.control(
        audit,
        relabel=dict(
            zip(audit.task.train.ids[wrong].tolist(), audit.task.truth["original"][wrong].tolist(), strict=True)
        ),
    )


def cleanlab(audit: Audit, seed: int) -> bh.Plan:
    """Without what cleanlab's filter flags."""
    return bh.control(audit, drop=audit.task.train.ids[cleanlab_of(audit.task, seed)[1]].tolist())


REMEDIES: dict[str, Make] = {
    "clean labels": clean,
    "drop (MEM001)": lambda audit, seed: bh.control(audit, drop="MEM001"),
    "drop (cleanlab's filter)": cleanlab,
    "relabel (MEM001)": lambda audit, seed: bh.control(audit, relabel="MEM001"),
    "reweight (MEM001)": lambda audit, seed: bh.control(audit, reweight="MEM001"),
    "stop at the best epoch": lambda audit, seed: bh.control(audit, stop_at="best"),
    "dropout .5": lambda audit, seed: bh.control(audit, methods="dropout=0.5"),
    "MAT": lambda audit, seed: bh.control(audit, methods="mat"),
    "adaptive": lambda audit, seed: bh.control(audit, methods="adaptive"),
}


def once(seed: int, folder: Path, size: dict[str, int], epochs: int) -> None:
    """Audit one planting, and measure every remedy on it."""
    task = bh.plant(find("task", "fashion_mnist")(**size), "label-noise=0.1", seed=seed)
    task = settled(dataclasses.replace(task, recipe=bh.Recipe(epochs=epochs)), folder)
    run, many = bh.record(task, folder / "run", seed), bh.record_subsets(task, MODELS, folder / "subsets", seed, jobs=1)
    audit = bh.diagnose(bh.score(run, many), task)
    for name, make in REMEDIES.items():
        path = folder / "remedies" / f"{list(REMEDIES).index(name)}.json"
        if path.exists():
            continue
        try:
            plan = make(audit, seed)
        except UsageError as error:
            write_json(path, {"why": error.what})
            continue
        change = bh.effect(task, plan, PAIRS, folder / "effect", models=FEW, seed=seed, jobs=1)
        lines = {m: [change[m].before.value, change[m].after.value] for m in MEASURES}
        write_json(path, {"lines": lines, "says": [a.says for a in plan.actions], "seconds": change.seconds})
        print(seed, name, lines, flush=True)


def interval(values: list[float]) -> str:
    """Mean and 95% interval in points."""
    n, mean = len(values), 100 * float(np.mean(values))
    half = 100 * float(student.ppf(0.975, n - 1) * np.std(values, ddof=1) / n**0.5) if n > 1 else float("nan")
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"


def table(folders: list[Path]) -> list[str]:
    """The rows, from what lies in the folders."""
    rows = []
    for k, name in enumerate(REMEDIES):
        found = [read_json(f / "remedies" / f"{k}.json") for f in folders if (f / "remedies" / f"{k}.json").exists()]
        done = [f["lines"] for f in found if "lines" in f]
        if not done:
            rows.append(f"| {name} | {found[0]['why'] if found else 'not run'} | | | | |")
            continue
        if not rows:
            before = [f"{np.mean([d[m][0] for d in done]):.3f}" for m in MEASURES]
            rows.append(f"| doing nothing | {before[0]} | | {before[1]} | | {before[2]} |")
        after = [f"{np.mean([d[m][1] for d in done]):.3f}" for m in MEASURES]
        moved = [interval([d[m][1] - d[m][0] for d in done]) for m in MEASURES[:2]]
        few = "" if len(done) == len(folders) else f" ({len(done)} of {len(folders)} seeds)"
        rows.append(f"| {name}{few} | {after[0]} | {moved[0]} | {after[1]} | {moved[1]} | {after[2]} |")
    return rows


def main() -> None:
    """Run what is missing, print and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=SEEDS)
    options.add_argument("--out", type=Path, default=Path("runs/remedies"))
    options.add_argument("--epochs", type=int, default=60)
    options.add_argument("--train", type=int, default=10_000)
    given = options.parse_args()
    folders = [given.out / str(seed) for seed in range(given.seeds)]
    for seed, folder in enumerate(folders):
        once(seed, folder, {"train": given.train}, given.epochs)
    lines = ["# What helps against wrong labels", "", "Written by `python benchmarks/remedies.py`; its header says what n, the intervals and the remedies are. "
             f"{given.train:,} Fashion-MNIST examples, 10% wrong labels, {given.epochs} epochs, {given.seeds} seeds; differences in points with 95% intervals. "
             f"{machine()['cores']} cores, torch {versions()['torch']}.", "",
             "| remedy | test accuracy | over doing nothing | memorized | over doing nothing | wrong labels fitted |",
             "|---|---|---|---|---|---|", *table(folders)]  # fmt: skip
    RESULT.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
