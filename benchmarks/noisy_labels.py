"""Finding wrong labels: every score's AUROC, and what each tool flags by its own rule.

Claim:    with 10% wrong labels, cumulative loss reaches AUROC .99 on digits and .97 (first third of the epochs: .985) on 10,000
          Fashion-MNIST examples; MEM001 flags with precision and recall >= .9 on digits, >= .7 and >= .85 on Fashion-MNIST. The
          flags of cleanlab and of the aum package, on the same network and recipe, have lower precision in every column.
Command:  BYHEART_DATA=... python benchmarks/noisy_labels.py [digits fashion_mnist] [--epochs 60 30] [--seeds 3]
Hardware: 2 cores; about 15 minutes. n: 3 seeds (noise, network and subsets); spread: standard deviation over them.
Needs:    pip install -e .[bench]
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

import byheart as bh
from byheart.base.provenance import machine, versions
from byheart.base.registry import every, find
from byheart.data.subsets import folds
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.runs.learner import Network
from byheart.runs.learning_rate import settled
from byheart.runs.second_split import second_split
from byheart.runs.threshold_samples import threshold_samples

MODELS = 20


@dataclasses.dataclass
class AumPackage:
    """The aum package, fed with the logits of our run: same network, same batches."""

    folder: str

    def __post_init__(self) -> None:
        from aum import AUMCalculator

        self.made = AUMCalculator(self.folder, compressed=True)

    def logits(self, state: Any) -> None:
        self.made.update(state.logits.detach(), state.batch.targets, state.batch.rows.tolist())

    def values(self, n: int) -> np.ndarray:
        self.made.finalize()
        frame = pd.read_csv(Path(self.folder) / "aum_values.csv")
        sums = dict(zip(frame["sample_id"], frame["aum"], strict=True))
        return np.array([sums[i] for i in range(n)])


def cleanlab_of(task: Task, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Label quality (low = suspect) and flags of cleanlab from 5-fold out-of-sample probabilities."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    fold, p = folds(task.train.targets, 5, seed), np.zeros((len(task.train), task.classes))
    for k in range(5):
        z = (
            Network()
            .fit(task, np.flatnonzero(fold != k), seed)(task.train.take(np.flatnonzero(fold == k)))
            .astype(float)
        )
        e = np.exp(z - z.max(1, keepdims=True))
        p[fold == k] = e / e.sum(1, keepdims=True)
    labels = np.array(task.train.targets)
    return get_label_quality_scores(labels, p), find_label_issues(labels, p, n_jobs=1)


def once(name: str, epochs: int, seed: int) -> tuple[dict[str, float], dict[str, tuple[float, float]], float]:
    """AUROC of each score, precision and recall of each flag, and the training accuracy."""
    task = bh.plant(find("task", name)(), "label-noise=0.1", seed=seed)
    task = settled(dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=epochs)))
    wrong = task.truth["wrong"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        peer = AumPackage(place)
        bh.record(task, folder / "peer", seed, events=[peer])
        run, many = bh.record(task, folder / "run", seed), bh.record_subsets(task, MODELS, folder / "many", seed)
        for beside in (second_split, threshold_samples):
            beside(task, run.folder / beside.__name__, seed)
        scores = bh.score(run, many)
        finding = every("check")["MEM001"](Evidence(task, run, many, scores))
        quality, issues = cleanlab_of(task, seed)
        peer_aum, by_aum = peer.values(len(wrong)), scores["aum_over_threshold"] <= 0
    specs = every("score")
    aurocs = {n: roc_auc_score(wrong, specs[n].direction * c) for n, c in scores.columns.items() if specs[n].direction}
    aurocs |= {
        "(cleanlab 5-fold label quality)": roc_auc_score(wrong, -quality),
        "(aum package)": roc_auc_score(wrong, -peer_aum),
    }
    ours = np.isin(task.train.ids, finding.ids if finding is not None else [])
    flags = {"MEM001": ours, "cleanlab": issues, "aum (threshold samples)": by_aum}
    rates = {n: (float(wrong[f].mean()) if f.any() else 0.0, float(f[wrong].mean())) for n, f in flags.items()}
    return aurocs, rates, float(np.nanmean(run["correct"][-1]))


def spread(values: list[float]) -> str:
    """Mean and standard deviation over seeds."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"


def main() -> None:
    """Run all, print and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("names", nargs="*", default=["digits", "fashion_mnist"])
    options.add_argument("--epochs", type=int, nargs="*", default=[60, 30])
    options.add_argument("--seeds", type=int, default=3)
    given = options.parse_args()
    lines = ["# Wrong labels found", "", "Written by `python benchmarks/noisy_labels.py`. 10% uniform label noise, MLP d-128-128-10, default recipe, "
             f"{MODELS} subset models; mean ± standard deviation over {given.seeds} seeds. {machine()['cores']} cores, torch {versions()['torch']}.", ""]  # fmt: skip
    columns, results = [], {}
    for name in given.names:
        for epochs in given.epochs:
            print(name, epochs, flush=True)
            results[name, epochs] = [once(name, epochs, seed) for seed in range(given.seeds)]
            columns.append((name, epochs))
    heads = [f"{n}, {e} epochs (train {np.mean([r[2] for r in results[n, e]]):.3f})" for n, e in columns]
    lines += ["| AUROC for the wrong labels | " + " | ".join(heads) + " |", "|---|" + "---|" * len(columns)]
    for score in results[columns[0]][0][0]:
        cells = [spread([r[0][score] for r in results[c]]) for c in columns]
        lines.append(f"| {score} | " + " | ".join(cells) + " |")
    lines += ["", "| flagged: precision / recall | " + " | ".join(heads) + " |", "|---|" + "---|" * len(columns)]
    for rule in results[columns[0]][0][1]:
        cells = [" / ".join(spread([r[1][rule][k] for r in results[c]]) for k in (0, 1)) for c in columns]
        lines.append(f"| {rule} | " + " | ".join(cells) + " |")
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "noisy_labels.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
