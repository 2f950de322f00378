"""The verdict with and without wrong labels.

Claim:    with 10% wrong labels the verdict is ugly, on the data as they are it is none or good.
Command:  BYHEART_DATA=... python benchmarks/verdicts.py [digits fashion_mnist]
Hardware: 2 cores, about 20 s an audit of digits. n: 3 seeds (noise, networks, subsets), 20 subset models, 5 pairs of utility; ± is two standard
          errors, of rows and seeds together for the utility.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import byheart as bh
from byheart.base.provenance import versions

SEEDS, MODELS, PAIRS = 3, 20, 5
SIGNS = {
    "excess": "memorized beyond chance",
    "utility": "worth of the memorized",
    "drop": "fall from the peak",
    "test_accuracy": "test",
}


def main() -> None:
    """Measure, print and write the table."""
    lines = ["# Verdicts", "", f"Written by `python benchmarks/verdicts.py`. Default recipe and network, {MODELS} subset models, {PAIRS} pairs; "
             f"torch {versions()['torch']}.", "",
             "| data | planted | seed | verdict | " + " | ".join(SIGNS.values()) + " | findings |", "|---|---|---|---|" + "---|" * (len(SIGNS) + 1)]  # fmt: skip
    for name in sys.argv[1:] or ["digits"]:
        for planted in ("", "label-noise=0.1"):
            for seed in range(SEEDS):
                task = bh.plant(bh.load(name), planted, seed=seed) if planted else bh.load(name)
                with tempfile.TemporaryDirectory() as folder:
                    found = bh.audit(task, folder, models=MODELS, pairs=PAIRS, seed=seed)
                signs = " | ".join(found.measures[sign].shown for sign in SIGNS)
                codes = " ".join(f.code for f in found.findings)
                lines.append(f"| {name} | {planted or '-'} | {seed} | {found.verdict.title} | {signs} | {codes} |")
                print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "verdicts.md").write_text(text)


if __name__ == "__main__":
    main()
