"""A whole audit, as a person gives the command: wall time, CPU time, and what it leaves on disk.

Claim:    on 2 idle cores an audit of noisy digits takes at most 40 s, one of 10,000 Fashion-MNIST examples at most 5 minutes and 60 MB on disk; the
          report takes at most 3 MB; the same command again reads what is there.
          With --privacy an audit keeps its budget, for pictures, tables and regression: the default two minutes for perceptrons, 20 for a convolutional
          network, of which a single training takes longer than two (the audit says so before it trains, and that 16 minutes would do), 10 for
          all 60,000 pictures.
Command:  BYHEART_DATA=... python benchmarks/audits.py [digits fashion_mnist]; python benchmarks/audits.py --privacy writes the second table alone
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
from byheart.base.registry import find
from byheart.base.store import read_json
from byheart.data.task import Task

BUDGETS = {"digits": "2min", "fashion_mnist": "5min"}
PRIVATE = (
    ("fashion_mnist", "mlp", "2min"), ("adult", "mlp", "2min"), ("diabetes", "mlp", "2min"), ("fashion_mnist", "cnn", "20min"),
    ("benchmarks/audits.py:whole", "mlp", "10min"),
)  # fmt: skip
RESULTS = Path(__file__).parent / "results"


def whole() -> Task:
    """All of Fashion-MNIST."""
    return find("task", "fashion_mnist")(train=None, test=None)


def timed(*words: str) -> tuple[float, float]:
    """Wall and CPU seconds of one command, its workers included."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "byheart", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, cpu


def private() -> list[str]:
    """Audits with attacks, within a budget: what they take and what they say."""
    lines = [
        "# Audits with attacks", "",
        f"Written by `python benchmarks/audits.py --privacy`. Clean labels; {machine()['cores']} cores, torch {versions()['torch']}. "
        "One audit each. The attack is the one that the report reads first; AUC and hits with 95% intervals over targets.", "",
        "| data | network | examples | budget | wall, s | CPU, s | subset models | attack | AUC | hits at 1% false alarms | self-check |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, network, budget in PRIVATE:
        with tempfile.TemporaryDirectory() as place:
            words = ("--network", network, "--budget", budget, "--privacy", "--out", f"{place}/audit")
            wall, cpu = timed("audit", name, *words)
            written = read_json(Path(place) / "audit" / "audit.json")
        found, n = written["privacy"], written["task"]["train"]
        first, check = found["attacks"][found["first"]], found["self_check"]
        auc = f"{first['auc']:.3f} [{first['auc_low']:.3f}, {first['auc_high']:.3f}]"
        at = next(at for at in first["at"] if at["fpr"] == 0.01)
        hits = (
            f"{at['rate']['value']:.1%} [{at['low']:.1%}, {at['high']:.1%}]"
            if at["rate"]["resolvable"]
            else "not resolvable"
        )
        said = f"shuffled {check['null']:.3f}, planted {check['planted']:.3f} of {check['expected']:.3f}"
        lines.append(
            f"| {name} | {network} | {n:,} | {budget} | {wall:.0f} | {cpu:.0f} | {found['models']} | {found['first']} | {auc} | {hits} | {said} |"
        )
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure, print and write the tables."""
    if "--privacy" in sys.argv:
        RESULTS.joinpath("audits_privacy.md").write_text("\n".join(private()) + "\n")
        return
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
    RESULTS.joinpath("audits.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
