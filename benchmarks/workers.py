"""Many trainings on two cores: wall time and CPU time of one worker and of two.

Claim:    two workers cost at most 1.1 times the CPU-seconds per model of one, and are at least 1.7 times as fast, over 64 MLPs 784-128-10
          on 5,000 examples, on an otherwise idle machine; the files are the same bytes.
Command:  BYHEART_DATA=... python benchmarks/workers.py
Hardware: 2 cores, idle. n: 64 models each; start-up of the worker processes printed apart (first result of a tiny call).
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from functools import partial
from pathlib import Path

import joblib
import numpy as np

import byheart as bh
from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.models.mlp import mlp

MODELS = 64


def main() -> None:
    """Measure, print and write the table."""
    task = find("task", "fashion_mnist")()
    recipe = dataclasses.replace(task.recipe, epochs=10, lr=0.03)
    task = dataclasses.replace(
        task, train=task.train.take(np.arange(5000)), network=partial(mlp, hidden=(128,)), recipe=recipe
    )
    found, contents = {}, {}
    with tempfile.TemporaryDirectory() as place:
        begun = time.perf_counter()
        tiny = dataclasses.replace(
            task, recipe=dataclasses.replace(recipe, epochs=1), train=task.train.take(np.arange(100))
        )
        bh.record_subsets(tiny, 2, Path(place) / "tiny", jobs=2)
        start_up = time.perf_counter() - begun
        for jobs in (2, 1):
            begun = time.perf_counter()
            many = bh.record_subsets(task, MODELS, Path(place) / str(jobs), jobs=jobs)
            wall = time.perf_counter() - begun
            cpu = bh.SubsetRuns(many.folder).record and _cpu(many.folder)
            found[jobs] = (wall, cpu / MODELS)
            contents[jobs] = {p.name: p.read_bytes() for p in many.folder.iterdir() if p.name != "timing.json"}
    same = contents[1] == contents[2]
    text = (
        f"# One worker and two\n\nWritten by `python benchmarks/workers.py`. {MODELS} MLPs 784-128-10, 5,000 Fashion-MNIST examples, 10 epochs, one thread a "
        f"worker, torch {versions()['torch']}, joblib {joblib.__version__}, {machine()['cores']} cores.\n\n"
        "| | 1 worker | 2 workers | ratio | wanted |\n|---|---|---|---|---|\n"
        f"| wall, s | {found[1][0]:.1f} | {found[2][0]:.1f} | {found[1][0] / found[2][0]:.2f} | >= 1.7 |\n"
        f"| CPU-seconds per model | {found[1][1]:.3f} | {found[2][1]:.3f} | {found[2][1] / found[1][1]:.2f} | <= 1.1 |\n"
        f"| start-up of the workers, s | - | {start_up:.1f} | | |\n| same bytes | | {'yes' if same else 'NO'} | | yes |\n"
    )
    Path(__file__).parent.joinpath("results", "workers.md").write_text(text)
    print(text)


def _cpu(folder: Path) -> float:
    from byheart.base.store import read_json

    return float(read_json(folder / "timing.json")["cpu_seconds"])


if __name__ == "__main__":
    main()
