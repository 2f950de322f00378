"""Self-influence of few and of many examples: time by their number, and peak memory beside the plain pass.

Claim:    cost grows linearly to 60,000 examples, and the process takes no more than twice the memory that it takes for a plain forward and backward
          pass. What is above network and data stands beside it: on a small network the plain pass needs next to nothing. The whole of
          60,000 x 10,000 pairs needs neither the matrix (2.4 GB) nor the gradients (129 GB and 23 GB) in memory.
Command:  BYHEART_DATA=... python benchmarks/growth.py
Hardware: one thread, about 20 minutes; n: one measurement each, every one in a process of its own; CPU time, and the peak of resident
          memory above that of the process when network and data were there. The plain pass has batches of 256.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from self_influence import BATCH, DAMPING, convolutional, entropy, perceptron, plain

from byheart.base.provenance import versions
from byheart.base.registry import find
from byheart.scores.gradients import ekfac, pairwise
from byheart.scores.gradients.norms import gradient_norms

SIZES, TOP, WARM = (5_000, 15_000, 60_000), 10, 16
NETWORKS = {"mlp": perceptron, "cnn": convolutional}
PAIRS = {"top 10 of pairs with 1,000": 1_000, "top 10 of pairs with 10,000": 10_000}  # job -> test examples
JOBS = ("plain pass", "gradient norm", "EK-FAC with fit", "top 10 of pairs with 1,000")
WHOLE = "top 10 of pairs with 10,000"


def measured(network_name: str, job: str, n: int) -> dict[str, float]:
    """CPU seconds, and peak memory (MB) of one job above that of its network and data and of the whole process."""
    torch.set_num_threads(1)
    tested = PAIRS.get(job, 0)
    task = find("task", "fashion_mnist")(train=n, test=max(2_000, tested))
    torch.manual_seed(0)
    network = NETWORKS[network_name]((1, 28, 28), 10)
    x, y = task.tensors(task.train, np.arange(n))
    u, v = task.tensors(task.held_out, np.arange(tested))
    norms, factors, pairs = BATCH[network_name]
    work: dict[str, Callable[[int], object]] = {
        "plain pass": lambda k: plain(network, x[:k], y[:k]),
        "gradient norm": lambda k: gradient_norms(network, x[:k], y[:k], entropy, norms),
        "EK-FAC with fit": lambda k: ekfac.fit_self_influence(
            network, x[:k], y[:k], entropy, damping=DAMPING, batch=factors
        ),
    }
    for name in PAIRS:
        work[name] = lambda k: pairwise.top_influence(network, (x[:k], y[:k]), (u, v), entropy, TOP, pairs)
    work[job](WARM)  # what is imported once counts neither as time nor as memory
    ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back to the system, so that it cannot be used unseen
    before = resident()
    with Peak() as peak:
        begun = time.process_time()
        work[job](n)
        seconds = time.process_time() - begun
    return {"seconds": seconds, "memory": peak.most - before, "process": peak.most}


class Peak:
    """The largest resident memory (MB) while it is open: the kernel's own high-water mark, set back at the start."""

    most = 0.0

    def __enter__(self) -> Peak:
        Path("/proc/self/clear_refs").write_text("5")
        return self

    def __exit__(self, *_: object) -> None:
        status = Path("/proc/self/status").read_text()
        self.most = float(status.split("VmHWM:")[1].split()[0]) / 1024


def resident() -> float:
    """Resident memory (MB) now."""
    return float(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def alone(network: str, job: str, n: int) -> dict[str, float]:
    """`measured` in a process of its own."""
    said = subprocess.run([sys.executable, __file__, network, job, str(n)], capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def main() -> None:
    """Measure each in a process of its own, print and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("one", nargs="*")
    one = options.parse_args().one
    if one:
        print(json.dumps(measured(one[0], one[1], int(one[2]))))
        return
    lines = [
        "# Growth", "",
        f"Written by `python benchmarks/growth.py`. Fashion-MNIST, one thread, torch {versions()['torch']}. CPU seconds, in brackets times the plain pass on as "
        "many examples; peak memory in MB, above what Python, network and data take and of the whole process.", "",
        f"| network | | {' | '.join(f'{n:,} examples' for n in SIZES)} | time, 60,000 over 12 x 5,000 | memory at 60,000 | times the plain pass | whole process | times the plain pass |",
        "|---|---|" + "---|" * (len(SIZES) + 5),
    ]  # fmt: skip
    whole_lines = [
        "", f"All of {SIZES[-1]:,} x {PAIRS[WHOLE]:,}, once:", "",
        "| network | CPU seconds | times the plain pass | memory above network and data, MB | whole process, MB |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    for name in NETWORKS:
        floor: list[dict[str, float]] = []
        for job in JOBS:
            found = []
            for n in SIZES:
                found.append(alone(name, job, n))
            floor = floor or found
            cells = [
                f"{f['seconds']:.1f} ({f['seconds'] / p['seconds']:.2f})" for f, p in zip(found, floor, strict=True)
            ]
            grown = found[-1]["seconds"] / found[0]["seconds"] / (SIZES[-1] / SIZES[0])
            memory, base = found[-1]["memory"], floor[-1]["memory"]
            whole = found[-1]["process"]
            cells += [
                f"{grown:.2f}",
                f"{memory:.0f}",
                f"{memory / base:.1f}",
                f"{whole:.0f}",
                f"{whole / floor[-1]['process']:.2f}",
            ]
            lines.append(f"| {name} | {job} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
        all_of = alone(name, WHOLE, SIZES[-1])
        times = all_of["seconds"] / floor[-1]["seconds"]
        whole_lines.append(
            f"| {name} | {all_of['seconds']:.0f} | {times:.1f} | {all_of['memory']:.0f} | {all_of['process']:.0f} |"
        )
        print(whole_lines[-1], flush=True)
    text = "\n".join(lines + whole_lines) + "\n"
    Path(__file__).parent.joinpath("results", "growth.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
