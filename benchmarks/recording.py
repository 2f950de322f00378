"""What watching costs: CPU time of training with and without the recorder, and the size of a long run.

Claim:    recording costs at most 10% of the training of a 784-512-256-10 MLP and 20% of the digits MLP; 60,000 examples x 100 epochs take
          under 200 MB on disk and under 1 GB of memory.
Command:  BYHEART_DATA=... python benchmarks/recording.py
Hardware: one thread. n: 9 pairs, interleaved; median and range of the ratio. The large run is recorded with random logits: size does not depend on them.
"""

from __future__ import annotations

import dataclasses
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.data.task import Task
from byheart.models.mlp import mlp
from byheart.runs.loop import begin, fit, one_thread
from byheart.runs.recorder import Recorder

PAIRS = 9


def ratio(task: Task, epochs: int) -> list[float]:
    """CPU time with the recorder over that without, pair by pair."""
    task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=epochs, lr=0.03))
    rows, found = np.arange(len(task.train)), []
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        fit(begin(task, rows, 0))
        for k in range(PAIRS):
            took = {}
            for watched in ((True, False), (False, True))[k % 2]:
                state = begin(task, rows, 0)
                recorder = Recorder(folder, task.train.ids, task.train.targets, task.classes)
                begun = time.process_time()
                if watched:
                    fit(state, (), lambda batch, z, r=recorder: r.rows(batch.rows, z), lambda s, r=recorder: r.epoch())
                    recorder.flush()
                else:
                    fit(state)
                took[watched] = time.process_time() - begun
            found.append(took[True] / took[False])
    return found


def large() -> tuple[float, float]:
    """MB on disk and peak MB of memory above the start, of 60,000 examples x 100 epochs with 10,000 held out."""
    n, before = 60_000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    random = np.random.default_rng(0)
    y, held = random.integers(0, 10, n), random.integers(0, 10, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(folder, np.arange(n), y, 10, test=(np.arange(10_000), held))
        z, z_held = random.normal(size=(n, 10)).astype(np.float32), random.normal(size=(10_000, 10)).astype(np.float32)
        for _ in range(100):
            recorder.rows(np.arange(n), z)
            recorder.held_out(np.arange(10_000), z_held)
            recorder.epoch()
        recorder.close()
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
    return size / 1e6, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3


def main() -> None:
    """Measure, print and write the table."""
    size, memory = large()
    fashion = find("task", "fashion_mnist")()
    cases = {
        "digits MLP 64-128-128-10, batch 64": (find("task", "digits")(), 20),
        "MLP 784-512-256-10, batch 64, 10,000 examples": (
            dataclasses.replace(fashion, network=partial(mlp, hidden=(512, 256))),
            1,
        ),
    }
    lines = ["# What watching costs", "", f"Written by `python benchmarks/recording.py`. One thread, torch {versions()['torch']}, {machine()['processor']}; "
             f"CPU time with over without the recorder, {PAIRS} interleaved pairs.", "", "| training | median | range | at most |", "|---|---|---|---|"]  # fmt: skip
    for (name, (task, epochs)), most in zip(cases.items(), (1.2, 1.1), strict=True):
        found = ratio(task, epochs)
        lines.append(f"| {name} | {np.median(found):.3f} | {min(found):.3f} to {max(found):.3f} | {most} |")
    lines += ["", "| 60,000 examples x 100 epochs, 10,000 held out | measured | at most |", "|---|---|---|",
              f"| on disk, MB | {size:.0f} | 200 |", f"| memory above the start, MB | {memory:.0f} | 1,000 |"]  # fmt: skip
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "recording.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
