"""Memorization from few models: raw counts and the shrunk estimate, held against 100 other models.

Claim:    at 8 models the shrunk estimate's mean squared error is at most half of the raw one's, its 95% intervals cover
          at least .92, and every example has a value; or the table shows where not.
Command:  python benchmarks/few_models.py [--small] [--jobs 2] [--out DIR]     (writes benchmarks/results/few_models.md)
Hardware: 2 CPU cores; about 25 minutes for 5 cases x 140 models; it goes on where it stopped. --small: one case of 300
          examples, about a minute, which writes nothing.
n:        1,000 or 2,000 examples a case; of 40 models disjoint draws (10 of 4, 5 of 8, 2 of 16, 1 of 32 models), each
          with one of 3 runs as trajectory; +- is the standard deviation over draws. The reference's own variance is
          taken out of every mean squared error and put into every coverage.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

import byheart as bh
from byheart.base.registry import find
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.scores.subset.few_models import difficulty, memorization_shrunk
from byheart.scores.subset.interval import NORMAL, frequency_difference
from byheart.scores.subset.tally import Tally, tally
from byheart.scores.subset.trajectory_prior import prior_mean

POOL, REFERENCE, RUNS = 40, 100, 3
SIZES = (4, 8, 16, 32)
CASES = [
    ("mnist", 1000, "label-noise=0.1", "mlp"),
    ("fashion_mnist", 2000, "", "mlp"),
    ("adult", 2000, "", "mlp"),
    ("mnist", 1000, "label-noise=0.1", "cnn"),
    ("fashion_mnist", 2000, "", "cnn"),
]
COLUMNS = (
    "models", "MSE raw", "MSE shrunk", "ratio", "MSE trajectory alone", "Spearman raw / shrunk",
    "cover raw / shrunk", "without a raw value",
)  # fmt: skip


def task_of(name: str, n: int, planted: str, network: str, epochs: int) -> Task:
    """One case: images at 14 x 14, 10% wrong labels where planted."""
    task = find("task", name)(train=n, test=600)
    if len(task.input_shape) == 3:
        task = dataclasses.replace(
            task, **{part: pooled(getattr(task, part)) for part in ("train", "validation", "test")}
        )
    task = dataclasses.replace(task, network=network, recipe=bh.Recipe(epochs=epochs))
    return bh.plant(task, planted) if planted else task


def pooled(examples: Examples) -> Examples:
    """Means of 2 x 2 pixels."""
    n, c, h, w = examples.inputs.shape
    means = examples.inputs.reshape(n, c, h // 2, 2, w // 2, 2).mean((3, 5)).round().astype(np.uint8)
    return dataclasses.replace(examples, inputs=means)


def draws(size: int) -> Iterator[np.ndarray]:
    """Disjoint sets of models from the pool."""
    return (np.arange(start, start + size) for start in range(0, POOL - size + 1, size))


def reference(sums: Tally) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Memorization from the reference models, its unbiased variance, and a variance that is never 0."""
    unbiased = sum(p * (1 - p) / (n - 1) for p, n in ((sums.mean_in, sums.n_in), (sums.mean_out, sums.n_out)))
    smooth = frequency_difference(sums.sum_in, sums.n_in, sums.sum_out, sums.n_out).se ** 2
    return sums.mean_in - sums.mean_out, unbiased, smooth


def measured(many: bh.SubsetRuns, runs: list[bh.Run], size: int) -> np.ndarray:
    """Per draw (draws, 8): MSE raw, shrunk, prior; Spearman raw, shrunk; cover raw, shrunk; share without raw value."""
    member, right = many["member"], many["correct"][:, : many.n].astype(np.float32)
    truth, unbiased, smooth = reference(tally(member[POOL:], right[POOL:]))
    rows = []
    for k, chosen in enumerate(draws(size)):
        run = runs[k % len(runs)]
        trajectory = run["loss"], run["margin"], run["correct"]
        sums = tally(member[chosen], right[chosen])
        raw = frequency_difference(sums.sum_in, sums.n_in, sums.sum_out, sums.n_out)
        shrunk = memorization_shrunk(member[chosen], right[chosen], *trajectory, many.targets)
        hardness = difficulty(*trajectory)
        prior = prior_mean(hardness, sums.sum_in, sums.n_in) - prior_mean(hardness, sums.sum_out, sums.n_out)
        known = np.isfinite(raw.value)
        reach = {
            name: np.sqrt(((e.high - e.low) / 2) ** 2 + NORMAL**2 * smooth)
            for name, e in (("raw", raw), ("eb", shrunk))
        }
        middle = (raw.high + raw.low) / 2
        rows.append(
            [
                *(np.nanmean((v - truth) ** 2 - unbiased) for v in (raw.value, shrunk.value, prior)),
                spearmanr(raw.value[known], truth[known]).statistic,
                spearmanr(shrunk.value, truth).statistic,
                (np.abs(middle - truth) <= reach["raw"])[known].mean(),
                (np.abs(shrunk.value - truth) <= reach["eb"]).mean(),
                1 - known.mean(),
            ]
        )
        assert np.isfinite(shrunk.value).all()
    return np.array(rows)


def case(name: str, n: int, planted: str, network: str, epochs: int, out: Path, jobs: int) -> str:
    """Record one case and write its table."""
    task = task_of(name, n, planted, network, epochs)
    folder = out / f"{name}-{n}-{network}"
    many = bh.record_subsets(task, POOL + REFERENCE, folder / "subsets", jobs=jobs)
    runs = [bh.record(task, folder / f"run-{seed}", seed=seed) for seed in range(RUNS)]
    member, right = many["member"], many["correct"][:, : many.n].astype(np.float32)
    lines = [
        f"## {name}, {n} examples{', 10% wrong labels' if planted else ''}, {network}",
        "",
        f"Accuracy of the subset models {right[member].mean():.3f} with, {right[~member].mean():.3f} without the "
        f"example; mean memorization {np.nanmean(reference(tally(member, right))[0]):.3f}.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---|" + "---|" * (len(COLUMNS) - 1),
    ]
    for size in SIZES:
        table = measured(many, runs, size)
        m, sd = table.mean(0), table.std(0, ddof=1) if len(table) > 1 else np.full(8, np.nan)
        pm = [f"{m[i]:.4f}" + (f" +-{sd[i]:.4f}" if len(table) > 1 else "") for i in range(3)]
        lines.append(
            f"| {size} | {pm[0]} | {pm[1]} | {m[1] / m[0]:.2f} | {pm[2]} | {m[3]:.2f} / {m[4]:.2f} "
            f"| {m[5]:.3f} / {m[6]:.3f} | {m[7]:.3f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="one case of 300 examples; writes no result")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/few-models"))
    given = parser.parse_args()
    if given.small:
        print(case("mnist", 300, "label-noise=0.1", "mlp", 20, given.out / "small", given.jobs))
    else:
        head = (
            "# Memorization from few models\n\nWritten by `python benchmarks/few_models.py`; read its header for n.\n"
        )
        parts = [head]
        for chosen in CASES:
            parts.append(case(*chosen, 40, given.out, given.jobs))
            print(parts[-1], flush=True)
            (Path(__file__).parent / "results" / "few_models.md").write_text("\n".join(parts))
