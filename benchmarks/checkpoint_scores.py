"""What each score of trained networks finds: AUROC for wrong labels, and how far two trainings agree.

Claim:    none is set beforehand: the table says which scores find wrong labels early and late in training, beside captum's and kronfluence's
          on the same networks, and how stable their rankings are over seeds.
Command:  BYHEART_DATA=... python benchmarks/checkpoint_scores.py [--rows 2000] [--scores NAME,NAME [--stages early] [--networks mlp]]
          (--scores: only these, without peers, put into the tables that are there; the same networks are trained again for it)
Hardware: 2 cores, more than an hour. n: --rows Fashion-MNIST examples with 10% wrong labels (the same for all seeds), 3 seeds of the network;
          AUROC: mean ± standard deviation over seeds; stability: mean Spearman correlation of a score between two seeds. Infinite values
          rank as such, unknown ones are left out; both are counted in the cell.
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
from scipy.stats import rankdata, spearmanr
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
EXPECTED = {  # of wrong labels, by scores whose own direction is none: as their files say
    "vog": -1, "vog_early": -1, "vog_late": 1,  # as seen on digits, where early and overall the wrong ones moved less
    "prediction_depth": 1, "critical_sample": 1,
    "geometric_complexity": 1,  # a network that fits noise must bend between neighbours
}  # fmt: skip


def main() -> None:
    """Train, score, print and write the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=2000)
    options.add_argument(
        "--scores", type=lambda text: text.split(","), help="only these, into the tables that are there"
    )
    options.add_argument(
        "--stages", type=lambda text: text.split(","), default=[*STAGES], help="with --scores: only these"
    )
    options.add_argument(
        "--networks", type=lambda text: text.split(","), default=[*NETWORKS], help="with --scores: only these"
    )
    given = options.parse_args()
    warnings.filterwarnings("ignore")
    path = Path(__file__).parent / "results" / "checkpoint_scores.md"
    if given.scores:
        sections = opened(path.read_text())
        for network in given.networks:
            sections[network] = joined(sections[network], measured(network, given.rows, given.scores, given.stages))
    else:
        sections = {network: measured(network, given.rows, None, [*STAGES]) for network in NETWORKS}
    text = "\n".join([*head(given.rows), *(line for lines in sections.values() for line in ("", *lines))]) + "\n"
    path.write_text(text)
    print(text)


def head(n: int) -> list[str]:
    """What this is."""
    kept = "; ".join(
        f"{stage}: {e} epochs, {1 + e // every_so_often(e)} checkpoints with the start" for stage, e in STAGES.items()
    )
    signs = ", ".join(f"{name} {'high' if sign > 0 else 'low'}" for name, sign in EXPECTED.items())
    return [
        "# What scores of trained networks find", "",
        f"Written by `python benchmarks/checkpoint_scores.py`. {n:,} Fashion-MNIST examples, 10% wrong labels, {SEEDS} seeds of the network; "
        f"torch {versions()['torch']}. AUROC for the wrong labels, ± standard deviation over seeds; agreement: mean Spearman correlation between two seeds. "
        f"{kept[0].upper()}{kept[1:]}. Scores that point nowhere by themselves are read as their files say: {signs}; below .5 it is the other way round. "
        "A dash: not measured.",
    ]  # fmt: skip


def measured(network: str, n: int, names: list[str] | None, chosen: list[str]) -> list[str]:
    """The section of one network: every score of checkpoints with the peers, or the named ones without."""
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    accuracy: dict[str, list[float]] = {}
    for stage, seed in itertools.product(chosen, range(SEEDS)):
        task = made(n, NETWORKS[network], STAGES[stage])
        with tempfile.TemporaryDirectory() as folder, one_thread():
            run = bh.record(task, Path(folder) / "run", seed)
            accuracy.setdefault(stage, []).append(float(np.nanmean(run["correct"][-1])))
            values = scored(run, task, names) | ({} if names else peers(run, task, network))
            for name, column in values.items():
                found.setdefault(name, {}).setdefault(stage, []).append(column)
        print(network, stage, seed, flush=True)
    fits = ", ".join(f"{np.mean(a):.3f} {stage}" for stage, a in accuracy.items())
    return [f"{network}, training accuracy {fits}:", "", *table(found, made(n, NETWORKS[network], 1).truth["wrong"])]


def opened(text: str) -> dict[str, list[str]]:
    """The sections of a file that this wrote, by network."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return {network: [above[0], "", *rows] for network in NETWORKS
            for above, rows in itertools.pairwise(blocks) if above[0].startswith(f"{network}, ")}  # fmt: skip


def joined(there: list[str], added: list[str]) -> list[str]:
    """A section with rows put in or replaced; refused where the networks were not trained alike."""
    fits, again = ({fit for fit in lines[0].rstrip(":").split("accuracy ")[1].split(", ")} for lines in (there, added))
    if not again <= fits or there[1:4] != added[1:4]:
        raise SystemExit(f"what is there is of other networks, measure all: {there[0]} / {added[0]}")
    rows = {row.split(" | ")[0]: row for row in (*there[4:], *added[4:])}
    return [*there[:4], *sorted(rows.values(), key=lambda row: row.startswith("| ("))]


def every_so_often(epochs: int) -> int:
    """After how many epochs a checkpoint is kept: about ten in all."""
    return max(epochs // 10, 1)


def made(n: int, make: Callable[..., nn.Module], epochs: int) -> Task:
    """The task, with a few checkpoints kept."""
    task = find("task", "fashion_mnist")(train=n)
    recipe = dataclasses.replace(
        task.recipe, epochs=epochs, lr=0.03, methods=(f"checkpoints={every_so_often(epochs)}",)
    )
    return bh.plant(dataclasses.replace(task, recipe=recipe, network=make), "label-noise=0.1")


def scored(run: Run, task: Task, names: list[str] | None) -> dict[str, np.ndarray]:
    """Scores of checkpoints, all or the named ones, in the direction in which wrong labels are expected high."""
    specs = {name: spec for name, spec in every("score").items() if spec.needs == "checkpoint"}
    columns = bh.score(run, names=names or list(specs), task=task).columns
    return {name: (specs[name].direction or EXPECTED[name]) * column for name, column in columns.items()}


def peers(run: Run, task: Task, network: str) -> dict[str, np.ndarray]:
    """The same of the peers that are installed."""
    values = {}
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
        cells = [cell for stage in STAGES for cell in (told(stages[stage], wrong) if stage in stages else ("-", "-"))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def told(seeds: list[np.ndarray], wrong: np.ndarray) -> tuple[str, str]:
    """AUROC and agreement over seeds: by ranks, in which infinite values are the largest or least; unknown ones left out."""
    known = [~np.isnan(v) for v in seeds]
    aurocs = [roc_auc_score(wrong[k], rankdata(v[k])) for v, k in zip(seeds, known, strict=True)]
    pairs = [spearmanr(*(rankdata(v[k & j]) for v in (a, b))).statistic
             for (a, k), (b, j) in itertools.combinations(zip(seeds, known, strict=True), 2)]  # fmt: skip
    odd = {"infinite": sum(int(np.isinf(v).sum()) for v in seeds), "unknown": sum(int((~k).sum()) for k in known)}
    counts = ", ".join(f"{count:,} {word}" for word, count in odd.items() if count)
    auroc = f"{np.mean(aurocs):.3f} ± {np.std(aurocs, ddof=1):.3f}" if len(seeds) > 1 else f"{aurocs[0]:.3f}"
    return f"{auroc} ({counts} in {len(seeds)} seeds)" if counts else auroc, f"{np.mean(pairs):.2f}" if pairs else "-"


if __name__ == "__main__":
    main()
