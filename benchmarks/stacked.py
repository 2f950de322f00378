"""Subset models of small networks: by a plain loop, one by one, and in stacks; models per CPU-second.

Claim:    stacks train networks 32-32-10 at least 4 times as fast as one by one and networks 784-128-10 no slower (ratio at least 0.9), and the
          models are as accurate, on what they were trained on and on the rest, to half a percent on average. The plain loop is what a user would
          write in PyTorch: the same recipe, masks and number of steps, nothing recorded but the logits at the end.
Command:  BYHEART_DATA=... python benchmarks/stacked.py [--models 64] [--repeats 3] [--examples 5000] [--epochs 10]   (writes benchmarks/results/stacked.md)
Hardware: one core of 2, otherwise idle; about 10 CPU-minutes.
n:        64 MLPs 784-128-10 on 70% each of 5,000 Fashion-MNIST examples (batch 64), and 64 MLPs 32-32-10 on 70% each of 5,000 points in 10 clusters
          with 10% wrong labels (batch 32), 10 epochs, files written; each way 3 times, taking turns.
Spread:   least and largest of the repetitions; CPU-seconds of one process with one thread.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

import byheart as bh
from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.data.recipe import Recipe
from byheart.data.subsets import masks
from byheart.models.mlp import mlp
from byheart.runs.loop import one_thread
from byheart.runs.stacked import record_stacked_subsets

RESULT = Path(__file__).parent / "results" / "stacked.md"


def images(examples: int, epochs: int) -> bh.Task:
    """Fashion-MNIST for networks 784-128-10."""
    task = find("task", "fashion_mnist")()
    rows = np.sort(np.random.default_rng(0).permutation(len(task.train))[:examples])
    recipe = Recipe(epochs=epochs, batch=64, lr=0.03)
    return dataclasses.replace(task, train=task.train.take(rows), network=partial(mlp, hidden=(128,)), recipe=recipe)


def points(examples: int, epochs: int) -> bh.Task:
    """Ten clusters in 32 dimensions, one label in ten wrong, for networks 32-32-10."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(10, 32))
    true = random.integers(0, 10, examples + 1000)
    x = (centres[true] + 2 * random.normal(size=(len(true), 32))).astype(np.float32)
    y = np.where(random.random(len(true)) < 0.1, random.integers(0, 10, len(true)), true)
    recipe = Recipe(epochs=epochs, batch=32, lr=0.03)
    return bh.Task(
        (x[:examples], y[:examples]), (x[examples:], y[examples:]), network=partial(mlp, hidden=(32,)), recipe=recipe
    )


def plain_loop(task: bh.Task, models: int, place: str, jobs: int = 1) -> dict[str, np.ndarray]:
    """What each model gets right (models, n) and was trained on, by a loop without byheart; logits are saved."""
    n, recipe = len(task.train), task.recipe
    x, y = task.tensors(task.train, np.arange(n))
    member, right = masks(n, models, 0, 0.7), np.zeros((models, n), bool)
    with one_thread():
        for k in range(models):
            torch.manual_seed(k)
            network, rows = task.build(), torch.from_numpy(np.flatnonzero(member[k]))
            steps = torch.optim.SGD(
                network.parameters(), recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
            )
            falls = torch.optim.lr_scheduler.LinearLR(steps, 1.0, 1 / recipe.epochs, recipe.epochs - 1)
            for _ in range(recipe.epochs):
                for some in rows[torch.randperm(len(rows))].split(recipe.batch):
                    steps.zero_grad()
                    torch.nn.functional.cross_entropy(network(x[some]), y[some]).backward()
                    torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
                    steps.step()
                falls.step()
            with torch.no_grad():
                logits = network.eval()(x)
            np.save(Path(place) / f"{k}.npy", logits.numpy())
            right[k] = (logits.argmax(1) == y).numpy()
    return {"correct": right, "member": member}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, value in (("models", 64), ("repeats", 3), ("examples", 5000), ("epochs", 10)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    tasks = {"784-128-10": images(given.examples, given.epochs), "32-32-10": points(given.examples, given.epochs)}
    groups = sorted({max(1, given.models // 4), given.models})
    ways = {"a plain loop": plain_loop, "one by one": bh.record_subsets}
    ways |= {f"in stacks of {g}": partial(record_stacked_subsets, group=g) for g in groups}
    seconds: dict[tuple[str, str], list[float]] = {(size, way): [] for size in tasks for way in ways}
    accuracy = {}
    for task in tasks.values():  # the first training of a process pays for what torch sets up
        with tempfile.TemporaryDirectory() as place:
            bh.record_subsets(
                dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=1)), 2, place, jobs=1
            )
    for _ in range(given.repeats):
        for size, task in tasks.items():
            for way, record in ways.items():
                with tempfile.TemporaryDirectory() as place:
                    begun = time.process_time()
                    many = record(task, given.models, place, jobs=1)
                    seconds[size, way].append(time.process_time() - begun)
                    right, member = many["correct"][:, : len(task.train)].astype(float), many["member"]
                    accuracy[size, way] = right[member].mean(), right[~member].mean()
                print(
                    f"{size:10} {way:16} {given.models / seconds[size, way][-1]:8.2f} models per CPU-second", flush=True
                )
    write(seconds, accuracy, given)


def write(seconds: dict, accuracy: dict, given: argparse.Namespace) -> None:
    """The table, and whether the claim holds."""
    about = machine()
    lines = [
        "# Subset models by a plain loop, one by one and in stacks",
        "",
        f"Written by `python benchmarks/stacked.py`. {given.models} models a row, {given.examples:,} examples, {given.epochs} epochs, {given.repeats} repetitions "
        f"(median, least and largest), one thread, torch {versions()['torch']}, {about.get('cores', '?')} cores.",
        "",
        "| network | trained | models per CPU-second | times one by one | times a plain loop | accuracy inside | outside |",
        "|---|---|---|---|---|---|---|",
    ]
    best: dict[str, float] = {}
    apart = 0.0
    for (size, way), spent in seconds.items():
        rate = given.models / np.array(spent)
        ratio, plain = (np.median(seconds[size, other]) / np.median(spent) for other in ("one by one", "a plain loop"))
        if way.startswith("in stacks"):
            best[size] = max(best.get(size, 0.0), ratio)
            apart = max(apart, *np.abs(np.subtract(accuracy[size, way], accuracy[size, "one by one"])))
        inside, outside = accuracy[size, way]
        lines.append(
            f"| {size} | {way} | {np.median(rate):.2f} [{rate.min():.2f}, {rate.max():.2f}] | {ratio:.2f} | {plain:.2f} | {inside:.3f} | {outside:.3f} |"
        )
    holds = best["32-32-10"] >= 4 and best["784-128-10"] >= 0.9 and apart <= 0.005
    lines += [
        "",
        f"Claimed: 32-32-10 at least 4 times as fast ({best['32-32-10']:.1f}), 784-128-10 no slower than 0.9 ({best['784-128-10']:.2f}), accuracies within "
        f"half a percent ({apart:.2%}): {'holds' if holds else 'DOES NOT HOLD'}.",
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
