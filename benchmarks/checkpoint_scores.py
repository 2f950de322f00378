"""What each score of trained networks finds: AUROC for wrong labels, and how far two trainings agree.

Claim:    none is set beforehand: the table says which scores find wrong labels early and late in training, beside captum's and kronfluence's
          on the same networks, and how stable their rankings are over seeds.
Command:  BYHEART_DATA=... python benchmarks/checkpoint_scores.py [--rows 2000]
Hardware: 2 cores, about 15 minutes. n: --rows Fashion-MNIST examples with 10% wrong labels (the same for all seeds), 3 seeds of the network;
          AUROC: mean ± standard deviation over seeds; stability: mean Spearman correlation of a score between two seeds.
Needs:    pip install --no-deps captum==0.9.0 kronfluence==1.0.1, and what they import; rows of a missing peer are left out
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from self_influence import captum_norms, convolutional, kronfluence_scores, perceptron
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

import byheart as bh
from byheart.base.provenance import versions
from byheart.base.registry import every, find
from byheart.data.task import Task
from byheart.runs.loop import one_thread
from byheart.runs.run import Run

SEEDS = 3
STAGES = {"early": 5, "fitted": 60}  # epochs
NETWORKS = {"mlp": perceptron, "cnn": convolutional}
PEERS: dict[str, Callable[[nn.Module, Tensor, Tensor], Tensor]] = {
    "captum 0.9.0, TracInCP, one checkpoint": captum_norms,
    "kronfluence 1.0.1, identity": lambda n, x, y: kronfluence_scores(n, x, y, "identity"),
    "kronfluence 1.0.1, EK-FAC": lambda n, x, y: kronfluence_scores(n, x, y, "ekfac"),
}
COSTLY = {("mlp", "kronfluence 1.0.1, EK-FAC")}  # some 2,000 plain passes


def main() -> None:
    """Train, score, print and write the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=2000)
    n = options.parse_args().rows
    warnings.filterwarnings("ignore")
    lines = [
        "# What scores of trained networks find", "",
        f"Written by `python benchmarks/checkpoint_scores.py`. {n:,} Fashion-MNIST examples, 10% wrong labels, {SEEDS} seeds of the network; "
        f"torch {versions()['torch']}. AUROC for the wrong labels, ± standard deviation over seeds; agreement: mean Spearman correlation between two seeds. "
        f"Early: {STAGES['early']} epochs; fitted: {STAGES['fitted']}. Scores that read checkpoints have ten.",
    ]  # fmt: skip
    for network, make in NETWORKS.items():
        found: dict[str, dict[str, list[np.ndarray]]] = {}
        accuracy: dict[str, list[float]] = {}
        for stage, seed in itertools.product(STAGES, range(SEEDS)):
            task = made(n, make, STAGES[stage])
            with tempfile.TemporaryDirectory() as folder, one_thread():
                run = bh.record(task, Path(folder) / "run", seed)
                accuracy.setdefault(stage, []).append(float(np.nanmean(run["correct"][-1])))
                for name, values in scored(run, task, network).items():
                    found.setdefault(name, {}).setdefault(stage, []).append(values)
            print(network, stage, seed, flush=True)
        fits = ", ".join(f"{np.mean(a):.3f} {stage}" for stage, a in accuracy.items())
        lines += ["", f"{network}, training accuracy {fits}:", "", *table(found, made(n, make, 1).truth["wrong"])]
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "checkpoint_scores.md").write_text(text)
    print(text)


def made(n: int, make: Callable[..., nn.Module], epochs: int) -> Task:
    """The task, with ten checkpoints."""
    task = find("task", "fashion_mnist")(train=n)
    recipe = dataclasses.replace(task.recipe, epochs=epochs, lr=0.03, methods=(f"checkpoints={max(epochs // 10, 1)}",))
    return bh.plant(dataclasses.replace(task, recipe=recipe, network=make), "label-noise=0.1")


def scored(run: Run, task: Task, network: str) -> dict[str, np.ndarray]:
    """Every score of checkpoints, in the direction in which wrong labels are expected high, and the peers'."""
    specs = {name: spec for name, spec in every("score").items() if spec.needs == "checkpoint"}
    columns = bh.score(run, names=list(specs), task=task).columns
    values = {name: specs[name].direction * column for name, column in columns.items() if specs[name].direction}
    x, y = task.tensors(task.train, np.arange(len(task.train)))
    for name, peer in PEERS.items():
        if (network, name) in COSTLY:
            continue
        try:
            values[f"({name})"] = np.asarray(peer(run.network(task), x, y), np.float64).ravel()
        except ModuleNotFoundError as error:
            print(f"{name}: left out ({error})")
    return values


def table(found: dict[str, dict[str, list[np.ndarray]]], wrong: np.ndarray) -> list[str]:
    """A line a score."""
    lines = [
        f"| score | {' | '.join(f'AUROC, {s} | agreement, {s}' for s in STAGES)} |",
        "|---|" + "---|---|" * len(STAGES),
    ]
    for name, stages in found.items():
        cells = []
        for stage in STAGES:
            seeds = stages.get(stage, [])
            aurocs = [roc_auc_score(wrong, v) for v in seeds if np.isfinite(v).all()]
            pairs = [spearmanr(a, b).statistic for a, b in itertools.combinations(seeds, 2)]
            cells += (
                [f"{np.mean(aurocs):.3f} ± {np.std(aurocs, ddof=1):.3f}", f"{np.mean(pairs):.2f}"]
                if len(aurocs) > 1
                else ["-", "-"]
            )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
