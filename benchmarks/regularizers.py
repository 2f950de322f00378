"""Three published claims on noise and regularizers, repeated on MNIST at 14 x 14.

Claims:   R6  with random labels, validation accuracy peaks and falls (Arpit et al. 2017, section 4): by at least .05 where
              20% of the labels are random, by at least .2 where 80% are.
          R7  dropout hinders noise and not real data (Arpit et al. 2017, section 5): with dropout .5 the training accuracy on random
              labels falls by at least .2, and the validation accuracy on real ones by no more than .01.
          R10 example-tied dropout puts wrong labels where they can be dropped (Maini et al. 2023): accuracy on them of at
              least .98 in training and at most .12 once dropped; test accuracy at least that of plain training.
Command:  BYHEART_DATA=... python benchmarks/regularizers.py [R6 R7 R10] [--seeds 3]
Hardware: 2 cores; about 8 minutes. n: 3 seeds (examples, labels, network); spread: standard deviation over them.
          R6, R7: 2,000 examples, MLP 196-256-256-10, SGD .05 m = .9. R10: 5,000 examples with 10% wrong labels, MLP
          196-512-512-10, SGD .1 m = .9. Constant learning rate, no clipping, batch 64; 2,000 validation and 2,000 test images.
          Inputs are pixels in [0, 1], as in the papers' code, and, in a second round, standardized, as is the default here.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import byheart as bh
from byheart.base.provenance import machine, versions
from byheart.base.seeds import generator, spawn
from byheart.data.builtin.mnist import mnist
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.example_tied_dropout import ExampleTiedDropout, Tied, predicting
from byheart.models.mlp import mlp
from byheart.runs.events import State
from byheart.runs.loop import begin, events_of, fit, held_out, one_thread, outputs

Row = tuple[str, str, list[float], Callable[[float], bool]]  # what, criterion, a value per seed, whether it is met


@dataclasses.dataclass(frozen=True)
class Curve:
    """Validation accuracy after every epoch; ends training once the training examples are fitted to a share."""

    seen: list
    fitted: float = 2.0

    def epoch_end(self, state: State) -> None:
        self.seen.append(held_out(state)["validation_correct"])
        state.stop = accuracy(state, state.task.train) >= self.fitted


def small_mnist(n: int, seed: int, scaling: str, width: int, lr: float, epochs: int) -> Task:
    """`n` random MNIST images, each pixel the mean of four in [0, 1], and an MLP of two hidden layers."""
    whole = mnist(None, 4000)
    rows = generator(seed, "rows").choice(len(whole.train), n, replace=False)

    def small(part: Examples) -> Examples:
        x = part.inputs.reshape(-1, 1, 14, 2, 14, 2).astype(np.float32).mean((3, 5)) / 255
        return Examples(x, part.targets, part.ids)

    return Task(
        small(whole.train.take(rows)), small(whole.test), validation=small(whole.validation), name="mnist14", scaling=scaling,
        network=lambda shape, out: mlp(shape, out, hidden=(width, width)),
        recipe=Recipe(epochs=epochs, lr=lr, schedule="constant", clip=0.0),
    )  # fmt: skip


def accuracy(state: State, part: Examples, rows: np.ndarray | slice = slice(None)) -> float:
    """Share of right answers on some rows, in eval mode."""
    right = outputs(state.task, state.network, part).argmax(1) == part.targets
    return float(right[rows].mean())


def trained(task: Task, seed: int, *events: Any) -> State:
    """The state after training with the recipe's methods and these events."""
    with one_thread():
        state = begin(task, np.arange(len(task.train)), spawn(seed, "training"))
        return fit(state, [*events_of(task), *events])


def with_methods(task: Task, *methods: Any) -> Task:
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=methods))


def r6(seeds: int, scaling: str) -> tuple[list[Row], list[str]]:
    """Peak and final validation accuracy under random labels."""
    falls: dict[float, list[float]] = {0.0: [], 0.2: [], 0.8: []}
    lines = []
    for share, found in falls.items():
        peaks, epochs = [], []
        for seed in range(seeds):
            task = small_mnist(2000, seed, scaling, 256, 0.05, 100)
            curve = Curve([], 0.999)
            trained(bh.plant(task, f"random-labels={share}", seed=seed) if share else task, seed, curve)
            found.append(max(curve.seen) - curve.seen[-1])
            peaks.append((max(curve.seen), curve.seen[-1], int(np.argmax(curve.seen)) + 1))
            epochs.append(len(curve.seen))
        peak, final, when = (np.mean(p) for p in zip(*peaks, strict=True))
        lines.append(f"{share:.0%} random labels: validation accuracy {final:.3f} at the end (epoch {np.mean(epochs):.0f}, "
                     f"99.9% of the labels fitted or 100 epochs), {peak:.3f} at its peak (epoch {when:.0f}).")  # fmt: skip
    return [("R6: fall of validation accuracy, 20% random labels", "≥ .05", falls[0.2], lambda v: v >= 0.05),
            ("R6: the same, 80%", "≥ .2", falls[0.8], lambda v: v >= 0.2)], lines  # fmt: skip


def r7(seeds: int, scaling: str) -> tuple[list[Row], list[str]]:
    """Dropout .5 on random and on real labels."""
    noise, real, lines = [], [], []
    found = {}
    for name, methods in (("plain", ()), ("dropout .5", ("dropout=0.5",))):
        for seed in range(seeds):
            task = with_methods(small_mnist(2000, seed, scaling, 256, 0.05, 60), *methods)
            random = trained(bh.plant(task, "random-labels=1.0", seed=seed), seed)
            found[name, seed] = accuracy(random, random.task.train), held_out(trained(task, seed))["validation_correct"]
        train, val = np.mean([found[name, s] for s in range(seeds)], 0)
        lines.append(
            f"{name}, 60 epochs: training accuracy on random labels {train:.3f}, validation accuracy on real labels {val:.3f}."
        )
    for seed in range(seeds):
        (a, b), (c, d) = found["plain", seed], found["dropout .5", seed]
        noise.append(c - a)
        real.append(d - b)
    return [("R7: change of training accuracy on random labels by dropout .5", "≤ -.2", noise, lambda v: v <= -0.2),
            ("R7: change of validation accuracy on real labels", "≥ -.01", real, lambda v: v >= -0.01)], lines  # fmt: skip


def r10(seeds: int, scaling: str) -> tuple[list[Row], list[str]]:
    """Example-tied dropout against plain training, 10% wrong labels."""
    memorized, dropped, gain = [], [], []
    more: dict[str, list[float]] = {}
    for seed in range(seeds):
        task = bh.plant(small_mnist(5000, seed, scaling, 512, 0.1, 60), "label-noise=0.1", seed=seed)
        wrong = task.truth["wrong"]
        plain = trained(task, seed)
        state = trained(with_methods(task, ExampleTiedDropout(0.2, 0.1)), seed)
        memorized.append(own_accuracy(state, wrong))
        predicting(state.network, "drop")
        dropped.append(accuracy(state, task.train, wrong))
        gain.append(accuracy(state, task.test) - accuracy(plain, task.test))
        true = outputs(task, state.network, task.train).argmax(1) == task.truth["original"]
        for name, value in {
            "plain: wrong labels fitted": accuracy(plain, task.train, wrong), "plain: test": accuracy(plain, task.test),
            "dropped: test": accuracy(state, task.test), "dropped: clean labels": accuracy(state, task.train, ~wrong),
            "dropped: true label of the wrongly labelled": float(true[wrong].mean()),
            "test mode: test": accuracy(with_mode(state, "test"), task.test),
            "test mode: wrong labels": accuracy(state, task.train, wrong),
        }.items():  # fmt: skip
            more.setdefault(name, []).append(value)
    return [("R10: accuracy on wrong labels in training mode", "≥ .98", memorized, lambda v: v >= 0.98),
            ("R10: the same after drop", "≤ .12", dropped, lambda v: v <= 0.12),
            ("R10: test accuracy after drop, over plain training", "≥ 0", gain, lambda v: v >= 0),
            ], [f"{name} {spread(values)}." for name, values in more.items()]  # fmt: skip


def with_mode(state: State, mode: str) -> State:
    predicting(state.network, mode)
    return state


def own_accuracy(state: State, rows: np.ndarray) -> float:
    """Accuracy on the chosen training rows with every example's own channels on."""
    for module in state.network.modules():
        if isinstance(module, Tied):
            module.rows = np.arange(len(state.task.train))
    inputs, targets = state.task.tensors(state.task.train, np.arange(len(state.task.train)))
    state.network.train()
    return float((state.network(inputs).argmax(1) == targets).numpy()[rows].mean())


def spread(values: list[float]) -> str:
    """Mean and standard deviation over seeds."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


SCALINGS = {"none": "pixels in [0, 1]", "standard": "standardized"}
CLAIMS = {"R6": r6, "R7": r7, "R10": r10}


def main() -> None:
    """Run, print and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("claims", nargs="*", default=list(CLAIMS))
    options.add_argument("--seeds", type=int, default=3)
    given = options.parse_args()
    begun = time.process_time()
    lines = ["# Noise and regularizers", "", "Written by `python benchmarks/regularizers.py`. MNIST at 14 x 14; set-ups in that file's header. Mean ± standard deviation over "
             f"{given.seeds} seeds; a criterion is judged on the mean. {machine()['cores']} cores, torch {versions()['torch']}.", "",
             "| claim | inputs | criterion | found | | seeds that meet it |", "|---|---|---|---|---|---|"]  # fmt: skip
    notes = []
    for name in given.claims:
        for scaling, said in SCALINGS.items():
            rows, more = CLAIMS[name](given.seeds, scaling)
            notes += ["", f"**{name}, {said}.** " + " ".join(more)]
            for what, criterion, values, met in rows:
                word = "met" if met(float(np.mean(values))) else "NOT met"
                count = f"{sum(map(met, values))} of {len(values)}"
                lines.append(f"| {what} | {said} | {criterion} | {spread(values)} | {word} | {count} |")
                print(lines[-1], flush=True)
    text = "\n".join([*lines, *notes]) + "\n"
    if list(given.claims) == list(CLAIMS):
        Path(__file__).parent.joinpath("results", "regularizers.md").write_text(text)
    print(text, f"\nCPU minutes: {(time.process_time() - begun) / 60:.1f}")


if __name__ == "__main__":
    main()
