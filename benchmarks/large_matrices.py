"""Attacks on a matrix of many models and examples, held in memory and on disk: memory, time, and whether the numbers are the same.

Claim:    with matrices on disk, attacks on all targets take at most a third of the memory and 1.5 times the CPU-seconds, for the same scores.
Command:  python benchmarks/large_matrices.py [--models 200]   (writes benchmarks/results/large_matrices.md)
Hardware: one core of 2, otherwise idle; about 1 CPU-minute and 1.5 GB of disk in TMPDIR.
n:        200 made-up models of 50,000 examples and 1,000 held out, 10 classes, members' logits of the label 1 higher; all 200 targets.
Spread:   one run each way, a process each; memory is the peak of what belongs to no file (RssAnon), above that of the imports, read every 20 ms.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

from byheart.base.provenance import machine
from byheart.base.store import write_arrays, write_table
from byheart.data.subsets import mask
from byheart.privacy.answers import answers_of
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.runs import matrices
from byheart.runs.evidence import read
from byheart.runs.schema import EXAMPLES, HELD_OUT, Record, write_record
from byheart.runs.subsets import SubsetRuns, compact

N, HELD, CLASSES = 50_000, 1_000, 10
RESULT = Path(__file__).parent / "results" / "large_matrices.md"


def make(folder: Path, models: int) -> None:
    """The files of models that were never trained."""
    random = np.random.default_rng(0)
    targets = random.integers(0, CLASSES, N + HELD)
    for k in range(models):
        member, logits = mask(N, k, 0, 0.5), random.normal(size=(N + HELD, CLASSES)).astype(np.float32)
        logits[np.arange(N + HELD), targets] += 2
        logits[np.flatnonzero(member), targets[:N][member]] += 1
        columns = read(logits, targets, CLASSES)
        del columns["error_norm"]
        write_arrays(folder / f"model-{k:04d}.safetensors", columns | compact(logits) | {"member": member})
    write_table(folder / EXAMPLES, pd.DataFrame({"id": np.arange(N), "target": targets[:N]}))
    held = pd.DataFrame({"id": np.arange(HELD) + N, "target": targets[N:], "part": "test"})
    write_table(folder / HELD_OUT, held)
    names = [str(c) for c in range(CLASSES)]
    about = {"digests": {}, "seed": 0, "recipe": {}, "network": {}, "versions": {}, "notes": {"models": models}}
    write_record(folder, Record(kind="subsets", task="made", classes=CLASSES, class_names=names, done=True, **about))


def own_memory() -> float:
    """Bytes of this process that belong to no file."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024.0


def measure(folder: Path, large: int) -> None:
    """One way, in this process: prints seconds, peak and a check sum of each step."""
    matrices.LARGE = large
    start, peak = own_memory(), [0.0]

    def watch() -> None:
        while True:
            peak[0] = max(peak[0], own_memory())
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()
    begun = time.process_time()
    answers = answers_of(SubsetRuns(folder))
    print("answers", time.process_time() - begun, peak[0] - start, float(answers.phi[:, ::97].sum(dtype=np.float64)))
    begun = time.process_time()
    partner = partners(answers.member, answers.ids)
    print("pairs", time.process_time() - begun, peak[0] - start, int(partner[:, ::97].sum(dtype=np.int64)))
    for name in ("loss", "lira_online", "rmia_offline"):
        begun = time.process_time()
        found = scores(answers, partner, name)
        print(name, time.process_time() - begun, peak[0] - start, float(np.nansum(found[:, ::97])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument(
        "--measure", nargs=2, metavar=("FOLDER", "LARGE"), help="one way alone, as this script calls itself"
    )
    given = parser.parse_args()
    if given.measure:
        return measure(Path(given.measure[0]), int(given.measure[1]))
    with tempfile.TemporaryDirectory() as place:
        make(Path(place), given.models)
        ways = {}
        for way, large in (("memory", 1 << 60), ("disk", 0)):
            command = [sys.executable, __file__, "--measure", place, str(large)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            ways[way] = [line.split() for line in said.splitlines()]
            print(way, said, sep="\n", flush=True)
    write(ways, given.models)


def write(ways: dict[str, list[list[str]]], models: int) -> None:
    """The table."""
    cells = models * N
    same = [a[3] == b[3] for a, b in zip(ways["memory"], ways["disk"], strict=True)]
    most = {way: max(float(row[2]) for row in rows) for way, rows in ways.items()}
    spent = {way: sum(float(row[1]) for row in rows) for way, rows in ways.items()}
    holds = all(same) and 3 * most["disk"] <= most["memory"] and spent["disk"] <= 1.5 * spent["memory"]
    lines = [
        "# Attacks on large matrices",
        "",
        f"Written by `python benchmarks/large_matrices.py`. {models} models x {N:,} examples, {CLASSES} classes, every model in turn as the target; one thread, "
        f"{machine().get('cores', '?')} cores. Memory is the peak so far, above that of the imports.",
        "",
        "| step | CPU-seconds in memory | on disk | peak in memory, MB | on disk, MB | same numbers |",
        "|---|---|---|---|---|---|",
    ]
    for a, b, equal in zip(ways["memory"], ways["disk"], same, strict=True):
        lines.append(
            f"| {a[0]} | {float(a[1]):.1f} | {float(b[1]):.1f} | {float(a[2]) / 1e6:.0f} | {float(b[2]) / 1e6:.0f} | {'yes' if equal else 'NO'} |"
        )
    lines += [
        "",
        f"Claimed: at most a third of the memory ({most['disk'] / most['memory']:.2f}; {most['memory'] / cells:.1f} bytes a model and example in memory), "
        f"at most 1.5 times the CPU-seconds ({spent['disk'] / spent['memory']:.2f}), the same numbers: {'holds' if holds else 'DOES NOT HOLD'}.",
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
