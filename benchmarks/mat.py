"""Memorization-aware training: the toy classification of its paper (R1), and coloured MNIST in two settings (R3).

Claim:    R1: plain training answers the minority of the toy rightly without noise features (>= .99), wrongly with them (<= .2), and MAT answers it
          with them (>= .85). R3, worst group: MAT is .08 above plain training where colour is right for 95% (A), and .2 where labels are noisy, colour
          is right for 85% and for 10% at test (B); the twins flag >= .95 of the minority and <= .05 of the majority.
Command:  BYHEART_DATA=... python benchmarks/mat.py                          (writes benchmarks/results/mat.md)
Hardware: 2 CPU cores, one thread; about 4 CPU-minutes. n: 5 seeds (data, networks, twins); +- is the standard deviation over them.
Settings: the papers', to the last step, with nothing tuned and nothing chosen on validation or test examples; held-out examples only report.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from byheart.base.provenance import versions
from byheart.base.registry import find
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.methods.mat import MAT
from byheart.methods.xrm import XRM
from byheart.runs.events import State
from byheart.runs.loop import begin, fit, one_thread, outputs

SEEDS = 5
TEMPERATURES = (0.1, 0.01, 1.0)
SETTINGS = {
    "A": ("coloured_mnist", "5,000 examples, colour right for 95%; at test for 50%", 0.08),
    "B": ("coloured_mnist_noisy", "10,000 examples, 25% wrong labels, colour right for 85%; at test for 10%", 0.2),
}
TOY = ("majority, train", "minority, train", "majority, test", "minority, test", "CPU-seconds")
COLOURED = ("worst group", "average", "CPU-seconds")
Row = dict[str, float]


def trained(task: Task, seed: int, events: Sequence[Any] = ()) -> tuple[State, float]:
    """A network at its last step, and the CPU-seconds that it took with all that was trained before."""
    begun = time.process_time()
    with one_thread():
        state = fit(begin(task, np.arange(len(task.train)), seed), events)
    return state, time.process_time() - begun


def by_group(state: State, part: Examples) -> dict[str, float]:
    """Accuracy in each group of a part, and "average" over its examples."""
    assert part.groups is not None
    with one_thread():
        right = outputs(state.task, state.network, part).argmax(1) == part.targets
    return {str(g): float(right[part.groups == g].mean()) for g in np.unique(part.groups)} | {
        "average": float(right.mean())
    }


def worst(groups: dict[str, float]) -> float:
    """The lowest accuracy of a group."""
    return min(v for name, v in groups.items() if name != "average")


def toy(seed: int) -> dict[str, Row]:
    """R1: accuracies of plain training without and with noise features, and of MAT with them."""
    quiet, loud = (find("task", "bayat_classification")(seed=seed, noise=noise) for noise in (0.0, 0.5))
    found = {}
    for name, task, events in (
        ("plain training, no noise features", quiet, ()),
        ("plain training, noise .5", loud, ()),
        ("MAT, noise .5", loud, (MAT(0.1, XRM(mean="plain")),)),  # the toy's twins take the plain mean
    ):
        state, seconds = trained(task, seed, events)
        parts = {"train": by_group(state, task.train), "test": by_group(state, task.test)}
        found[name] = {f"{g}, {part}": groups[g] for part, groups in parts.items() for g in ("majority", "minority")}
        found[name]["CPU-seconds"] = seconds
    return found


def coloured(name: str, seed: int) -> dict[str, Row]:
    """R3: worst group and average of plain training and of MAT at three temperatures, and what the twins flag.

    The twins are trained once, within the first MAT; the other temperatures read their held-out logits.
    """
    task = find("task", name)(seed=seed)
    found, held_out = {}, "xrm"
    events = {"plain training": ()} | {f"MAT, temperature {t:g}": t for t in TEMPERATURES}
    for label, temperature in events.items():
        acting = (MAT(temperature, held_out),) if temperature else ()
        state, seconds = trained(task, seed, acting)
        groups = by_group(state, task.test)
        found[label] = {"worst group": worst(groups), "average": groups["average"], "CPU-seconds": seconds}
        if temperature == TEMPERATURES[0]:
            held_out, flagged = state.kept["mat_held_out_logits"], state.kept["xrm_cross_mistake"]
            minority = task.truth["conflicting"]
            twins = {"recall": flagged[minority].mean(), "flagged": flagged[~minority].mean(),
                     "flip rate": state.kept["xrm_flip_rate"][-1], "minority": minority.mean()}  # fmt: skip
            found["twins"] = {k: float(v) for k, v in twins.items()}
    return found


def over_seeds(once: list[dict[str, Row]]) -> dict[str, list[Row]]:
    """Method -> its rows, one a seed."""
    return {name: [found[name] for found in once] for name in once[0]}


def shown(rows: list[Row], name: str) -> str:
    """Mean +- standard deviation over seeds."""
    values, digits = [row[name] for row in rows], 1 if name == "CPU-seconds" else 3
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def table(found: dict[str, list[Row]], columns: Sequence[str], first: str) -> list[str]:
    """A markdown table, one line a method."""
    lines = [f"| {first} | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    return lines + [f"| {name} | " + " | ".join(shown(rows, c) for c in columns) + " |" for name, rows in found.items()]


def criterion(what: str, values: Sequence[float], bound: float, least: bool) -> str:
    """A line of the table of criteria: the mean over seeds against its bound, met or NOT met."""
    mean = float(np.mean(values))
    met = mean >= bound if least else mean <= bound
    each = ", ".join(f"{v:.3f}" for v in values)
    return f"| {what} | {'>=' if least else '<='} {bound:g} | {mean:.3f} ({each}) | {'met' if met else '**NOT met**'} |"


def main() -> None:
    """Measure, print and write the table."""
    begun = time.process_time()
    lines, judged = [], ["| criterion | wanted | mean (each seed) | |", "|---|---|---|---|"]
    found = over_seeds([toy(seed) for seed in range(SEEDS)])
    lines += ["## R1: the toy classification", "", "1,000 examples, 1,800 features, a linear map without bias, 1,000 steps on all examples.",
              "", *table(found, TOY, "accuracy"), ""]  # fmt: skip
    minority = {name: [row["minority, test"] for row in rows] for name, rows in found.items()}
    for name, bound, least in zip(minority, (0.99, 0.2, 0.85), (True, False, True), strict=True):
        judged.append(criterion(f"R1: minority at test, {name}", minority[name], bound, least))
    for setting, (task, words, gain) in SETTINGS.items():
        found = over_seeds([coloured(task, seed) for seed in range(SEEDS)])
        twins = found.pop("twins")
        lines += [f"## R3, setting {setting}", "", f"`{task}`: {words}; 392-390-390-2, about 1,200 steps of AdamW.", "",
                  *table(found, COLOURED, "accuracy"), "",
                  *table({"XRM": twins}, ("recall", "flagged", "flip rate", "minority"), "the twins, share of"), ""]  # fmt: skip
        plain, mat = ([row["worst group"] for row in found[n]] for n in ("plain training", "MAT, temperature 0.1"))
        gains = [b - a for a, b in zip(plain, mat, strict=True)]
        judged.append(criterion(f"R3 {setting}: worst group, MAT - plain training", gains, gain, True))
        judged.append(criterion(f"R3 {setting}: minority that is flagged", [t["recall"] for t in twins], 0.95, True))
        judged.append(criterion(f"R3 {setting}: majority that is flagged", [t["flagged"] for t in twins], 0.05, False))
    head = ["# Memorization-aware training", "",
            f"Written by `python benchmarks/mat.py` in {time.process_time() - begun:.0f} CPU-seconds; torch {versions()['torch']}. Mean ± standard "
            f"deviation over {SEEDS} seeds (data, networks, twins). CPU-seconds of MAT at the first temperature include its twins, at the others "
            "their logits are given.", "", *judged, ""]  # fmt: skip
    text = "\n".join(head + lines)
    Path(__file__).parent.joinpath("results", "mat.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
