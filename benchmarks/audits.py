"""A whole audit, as a person gives the command: wall time, CPU time, and what it leaves on disk.

Claim:    on 2 idle cores an audit of noisy digits takes at most 40 s, one of 10,000 Fashion-MNIST examples at most 5 minutes and 60 MB on disk; the
          report takes at most 3 MB; the same command again reads what is there.
Command:  BYHEART_DATA=... python benchmarks/audits.py [digits fashion_mnist]
Hardware: 2 cores, idle. n: one audit each (its subset models are 20 to 60 repetitions of the same training).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from byheart.base.provenance import machine, versions
from byheart.base.store import read_json

BUDGETS = {"digits": "2min", "fashion_mnist": "5min"}


def timed(*words: str) -> tuple[float, float]:
    """Wall and CPU seconds of one command, its workers included."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "byheart", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, cpu


def main() -> None:
    """Measure, print and write the table."""
    lines = ["# Whole audits", "", f"Written by `python benchmarks/audits.py`. 10% label noise, default recipe and network; {machine()['cores']} cores, "
             f"torch {versions()['torch']}.", "",
             "| data | budget | subset models | wall, s | CPU, s | again, s | on disk, MB | report, MB |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name in sys.argv[1:] or BUDGETS:
        with tempfile.TemporaryDirectory() as place:
            words = ("audit", name, "--plant", "label-noise=0.1", "--budget", BUDGETS[name], "--out", f"{place}/audit")
            wall, cpu = timed(*words)
            again, _ = timed(*words)
            folder = Path(place) / "audit"
            size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
            report = (folder / "audit.html").stat().st_size / 1e6
            models = read_json(folder / "plan.json")["models"]
        lines.append(
            f"| {name} | {BUDGETS[name]} | {models} | {wall:.0f} | {cpu:.0f} | {again:.1f} | {size:.1f} | {report:.2f} |"
        )
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "audits.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
