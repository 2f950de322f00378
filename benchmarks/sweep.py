"""A sweep of 3 x 3 settings x 3 seeds on digits: how long it takes, and whether kills change its table.

Claim:    27 trainings (dropout 0, 0.2, 0.5 x weight decay 0, 0.0001, 0.001; learning rates settled by trials; 10% wrong labels) take under 5
          minutes on 2 cores; killed with SIGKILL at random moments and given again, the sweep ends in the same bytes.
Command:  python benchmarks/sweep.py
Hardware: 2 cores. n: one whole sweep, timed; then sweeps that are killed at uniform random moments (seed 0) until 6 kills have happened.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from byheart.base.provenance import machine, versions
from byheart.base.store import read_json

KILLS = 6
PROGRAM = """
import sys
import byheart as bh
from byheart.base.registry import find
from byheart.controls.sweep import sweep
if __name__ == "__main__":
    task = bh.plant(find("task", "digits")(), "label-noise=0.1")
    sweep(task, ["dropout=0,0.2,0.5", "weight_decay=0,1e-4,1e-3"], 3, sys.argv[1], jobs=2)
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but those about time, and the page that prints them."""
    aside = {"timing.json", "sweep.html"}
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".time" and p.name not in aside)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def run(program: Path, folder: Path, seconds: float | None) -> bool:
    """Run the sweep, kill it and its workers after so many seconds; whether it finished."""
    process = subprocess.Popen([sys.executable, str(program), str(folder)], start_new_session=True)
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


def main() -> None:
    """Measure, print and write the table."""
    with tempfile.TemporaryDirectory() as place:
        program = Path(place) / "program.py"
        program.write_text(PROGRAM)
        before, load, begun = os.times(), os.getloadavg()[0], time.monotonic()
        assert run(program, Path(place) / "whole", None)
        wall, after = time.monotonic() - begun, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        whole, moments = contents(Path(place) / "whole"), random.Random(0)
        trained = read_json(Path(place) / "whole" / "timing.json")["cpu_seconds"]
        table = pd.read_parquet(Path(place) / "whole" / "sweep.parquet")
        kills, sweeps, same, left = 0, 0, True, []
        while kills < KILLS:
            folder, done = Path(place) / f"killed{sweeps}", False
            sweeps += 1
            while not done:
                done = run(program, folder, moments.uniform(0.2 * wall, 0.7 * wall) if kills < KILLS else None)
                kills += not done
                left.append(len(list((folder / "cells").glob("*.safetensors"))) if not done else -1)
            same &= contents(folder) == whole
    cells = [str(n) for n in left if n >= 0]
    lines = [
        "# A sweep of 3 x 3 settings x 3 seeds on digits", "",
        f"Written by `python benchmarks/sweep.py`. 1,197 training digits, 10% wrong labels, MLP 64-128-128-10, 60 epochs, 2 workers, one thread each, torch "
        f"{versions()['torch']}, {machine()['cores']} cores shared with other work (load average {load:.1f} at the start).", "",
        "| | measured | wanted |", "|---|---|---|",
        f"| wall, s | {wall:.0f} | < 300 |", f"| CPU, s, all of it (start-up, trials of learning rates, trainings, page) | {cpu:.0f} | |",
        f"| CPU, s, in the 27 trainings | {trained:.0f} | |",
        f"| killed {kills} times on the way to {sweeps} sweeps, with {', '.join(cells)} of 27 cells done: same bytes | {'yes' if same else 'NO'} | yes |", "",
        "Intervals of 95% over 3 seeds and 300 test examples.", "",
        "| dropout | weight decay | test accuracy, % | wrong labels given back, % | on the frontier |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for _, row in table.iterrows():
        shown = [
            f"{100 * row[n]:.1f} [{100 * row[f'{n}_low']:.1f}, {100 * row[f'{n}_high']:.1f}]"
            for n in ("test", "wrong_fitted")
        ]
        lines.append(
            f"| {row['dropout']} | {row['weight_decay']} | {shown[0]} | {shown[1]} | {100 * row['frontier_probability']:.0f} % |"
        )
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "sweep.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
