"""What attacks cost: all of them for one target, every model in turn, and RMIA by sorting against the table of all pairs.

Claim:    all attacks for one target on a matrix of 256 models and 50,000 examples take under 15 s and 2 GB; RMIA by sorting has the ROC of the table of all
          pairs, and is faster by a factor that grows with the number of examples.
Command:  python benchmarks/attack_cost.py            (writes benchmarks/results/attack_cost.md)
Hardware: 2 CPU cores, one of them used; about 3 minutes, 2.5 GB.
n:        signals drawn like those of models trained with and without an example; the time of attacks does not depend on their values. One measurement each;
          the table of all pairs in blocks of 500 examples.
Memory:   the largest resident size of the process, read after each step: it can only grow.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from byheart.base.provenance import machine, versions
from byheart.data.subsets import masks
from byheart.privacy import rmia
from byheart.privacy.answers import Answers
from byheart.privacy.attacks import ATTACKS, Name
from byheart.privacy.leakage import measured
from byheart.privacy.leave_one_out import against, scores
from byheart.privacy.pairs import partners
from byheart.privacy.roc import roc

MODELS, N, GAMMA = 257, 50_000, 2.0
SIZES = (5_000, 20_000, 50_000)
RESULT = Path(__file__).parent / "results" / "attack_cost.md"


def drawn(n: int, models: int) -> Answers:
    """Signals that are higher for models trained on an example, more so for a few, row by row in float32."""
    g = np.random.default_rng(0)
    member = masks(n, models, 0, 0.5)
    level, leak = g.normal(2, 2, n).astype(np.float32), (1.5 * g.gamma(0.3, 1 / 0.3, n)).astype(np.float32)
    phi, loss, probability = (np.empty((models, n), np.float32) for _ in range(3))
    for k in range(models):
        phi[k] = level + leak * member[k] + g.standard_normal(n, np.float32)
        loss[k], probability[k] = np.logaddexp(0, -phi[k]), 1 / (1 + np.exp(-phi[k] / 2))
    return Answers(member, loss, phi, probability, np.arange(n))


def part(a: Answers, models: slice) -> Answers:
    return Answers(a.member[models], a.loss[models], a.phi[models], a.probability[models], a.ids)


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and the largest resident size of this process so far in GB."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def all_pairs(ratio: np.ndarray, others: np.ndarray) -> np.ndarray:
    """RMIA's score from the table of all pairs, as it is defined; an example is no other of its own."""
    pool, found = ratio[others], np.empty(len(ratio))
    for first in range(0, len(ratio), 500):
        rows = slice(first, first + 500)
        found[rows] = (ratio[rows, None] > GAMMA * pool).sum(1)  # R(x) / R(z) > gamma, without rounding
    return found / (len(pool) - others)


def same_roc(a: Answers) -> tuple[float, float, float]:
    """Seconds by sorting, seconds by the table, and the largest difference of the two curves."""
    ratio = rmia.ratio_online(a.probability[0].astype(float), a.probability[1:], a.member[1:])
    others = ~a.member[0]
    found: list[np.ndarray] = []
    sorting = spent(lambda: found.append(rmia.score(ratio, others, GAMMA)))[0]
    table = spent(lambda: found.append(all_pairs(ratio, others)))[0]
    grid = np.linspace(0, 1, 2001)
    curves = [roc(one, a.member[0]) for one in found]
    values = [c.tpr[np.searchsorted(c.fpr, grid + 1e-12, side="right") - 1] for c in curves]
    return sorting, table, float(np.abs(values[0] - values[1]).max())


def main() -> None:
    a = drawn(N, MODELS)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    target, shadows = part(a, slice(0, 1)), part(a, slice(1, None))
    one = {name: spent(lambda name=name: against(target, shadows, name)) for name in ATTACKS}
    pairs: list[np.ndarray] = []
    pairing = spent(lambda: pairs.append(partners(shadows.member, shadows.ids)))
    every: dict[Name, tuple[float, float]] = {}
    for name in ATTACKS:
        every[name] = spent(lambda name=name: scores(shadows, pairs[0], name, a=0.3))
        print(f"{name:14} {one[name][0]:6.2f} s   {every[name][0]:6.1f} s   {every[name][1]:.2f} GB", flush=True)
    whole = spent(lambda: measured(shadows, pairs[0], "lira_online"))
    rows = []
    for n in SIZES:
        rows.append((n, *same_roc(drawn(n, 21))))
        print(rows[-1], flush=True)
    write(base, one, pairing, every, whole, rows)


def write(base: float, one: dict, pairing: tuple, every: dict, whole: tuple, rows: list) -> None:
    lines = [
        "# What attacks cost",
        "",
        f"Written by `python benchmarks/attack_cost.py`. 256 reference models, {N:,} examples, one thread, {machine().get('cores', '?')} cores, numpy "
        f"{versions().get('numpy', '?')}. Memory is the largest resident size of the process so far; the signals themselves, at the beginning, {base:.2f} GB.",
        "",
        "| attack | one target, s | GB | each of 256 models as target, s | GB |",
        "|---|---|---|---|---|",
        *(
            f"| {ATTACKS[name].title} | {one[name][0]:.2f} | {one[name][1]:.2f} | {every[name][0]:.1f} | {every[name][1]:.2f} |"
            for name in ATTACKS
        ),
        f"| all | {sum(t for t, _ in one.values()):.1f} | {max(m for _, m in one.values()):.2f} | {sum(t for t, _ in every.values()):.1f} "
        f"| {max(m for _, m in every.values()):.2f} |",
        "",
        f"Which model is paired with which, once for all attacks: {pairing[0]:.1f} s. LiRA online with its AUC, rates, intervals and curve over 256 targets: "
        f"{whole[0]:.1f} s, {whole[1]:.2f} GB.",
        "",
        "RMIA (gamma 2) of one target by sorting, against the table of all pairs:",
        "",
        "| examples | by sorting, s | by all pairs, s | ratio | largest difference of the ROC |",
        "|---|---|---|---|---|",
        *(f"| {n:,} | {a:.4f} | {b:.2f} | {b / a:,.0f} | {d:.1e} |" for n, a, b, d in rows),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
