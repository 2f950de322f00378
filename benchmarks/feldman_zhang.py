"""Memorization of right and wrong labels by the subset estimator of Feldman and Zhang (2020).

Claim:    on 1,000 MNIST digits at 14 x 14 with 10% wrong labels, networks 196-64-10 trained to at least 98% training accuracy, 100 models: mean
          memorization of wrong labels >= .85, of right ones <= .35, Spearman with the cumulative loss of one run >= .75.
Command:  BYHEART_DATA=... python benchmarks/feldman_zhang.py
Hardware: 2 cores, about 2 minutes. n: 3 seeds (noise, subsets and networks); spread: standard deviation over them.
"""

from __future__ import annotations

import dataclasses
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from few_models import pooled
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

import byheart as bh
from byheart.base.provenance import versions
from byheart.base.registry import find
from byheart.models.mlp import mlp

MODELS, SEEDS = 100, 3
WANTED = {
    "training accuracy of the subset models": ">= .98",
    "mean memorization, wrong labels": ">= .85",
    "mean memorization, right labels": "<= .35",
    "Spearman with cumulative loss": ">= .75",
    "share with memorization >= .25": "",
    "AUROC of memorization for wrong labels": "",
    "AUROC of cumulative loss for wrong labels": "",
}


def once(seed: int) -> dict[str, float]:
    """All measures of one seed."""
    task = find("task", "mnist")(train=1000, test=600)
    task = dataclasses.replace(task, **{p: pooled(getattr(task, p)) for p in ("train", "validation", "test")})
    recipe = bh.Recipe(epochs=40, batch=100, lr=0.1, schedule="constant")  # papers: SGD .1, momentum .9, 40 epochs
    task = bh.plant(
        dataclasses.replace(task, network=partial(mlp, hidden=(64,)), recipe=recipe), "label-noise=0.1", seed=seed
    )
    with tempfile.TemporaryDirectory() as folder:
        run = bh.record(task, Path(folder) / "run", seed)
        many = bh.record_subsets(task, MODELS, Path(folder) / "many", seed)
        scores = bh.score(run, many, names=["memorization_raw", "cumulative_loss"])
        right = many["correct"][:, : many.n][many["member"]].astype(float).mean()
    wrong, mem, loss = task.truth["wrong"], scores["memorization_raw"], scores["cumulative_loss"]
    values = (right, mem[wrong].mean(), mem[~wrong].mean(), spearmanr(mem, loss).statistic, (mem >= 0.25).mean(),
              roc_auc_score(wrong, mem), roc_auc_score(wrong, loss))  # fmt: skip
    return dict(zip(WANTED, map(float, values), strict=True))


def main() -> None:
    """Measure, print and write the table."""
    found = [once(seed) for seed in range(SEEDS)]
    lines = ["# The subset estimator on digits with wrong labels", "",
             f"Written by `python benchmarks/feldman_zhang.py`. {MODELS} models on 70% of 1,000 MNIST digits at 14 x 14, 10% wrong labels, MLP 196-64-10, "
             f"SGD .1, momentum .9, 40 epochs; mean ± standard deviation over {SEEDS} seeds; torch {versions()['torch']}.", "",
             "| measure | found | wanted |", "|---|---|---|"]  # fmt: skip
    for name, wanted in WANTED.items():
        values = [f[name] for f in found]
        lines.append(f"| {name} | {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f} | {wanted} |")
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "feldman_zhang.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
