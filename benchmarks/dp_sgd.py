"""DP-SGD at epsilon 1, 8 and none: accuracy, what an attack finds, and the audited epsilon beside the accountant's.

Claim:    less epsilon, less accuracy and less leakage, beyond no interval the other way round; over 10 audits the lower bound is above the accountant's epsilon
          no more often than alpha = 5% allows (2 of 10, which chance exceeds once in 90); where the bound is 0, the ceiling says what it could have shown.
          The same guesses' bound for Gaussian mechanisms (f-DP in one run) is larger, and above the accountant's epsilon no more often.
Command:  BYHEART_DATA=... python benchmarks/dp_sgd.py [--small] [--out DIR]   (a training that is done is read from DIR; writes benchmarks/results/dp_sgd.md)
Hardware: 1 CPU core; about 5 CPU-minutes. --small: 1,000 examples, 2 audits of each, half a minute, which writes nothing.
n:        10 trainings of a 196-64-10 network for each epsilon, on 6,000 Fashion-MNIST examples (14 x 14) and those of 2,800 mislabelled canaries that its own
          coins put in. The attack is RMIA (online) on the canaries, each model in turn with the other 9 as references, pooled. +- is the standard deviation
          over trainings; [..] are 95% intervals over targets. Audits of one epsilon share examples and canaries, not coins and not noise.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import math
import tempfile
import time
from pathlib import Path

import numpy as np
from torch import nn

import byheart as bh
from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.methods.dp_sgd import DPSGD
from byheart.models.mlp import mlp
from byheart.privacy import pooled
from byheart.privacy.answers import Answers
from byheart.privacy.dp_audit import OneRunAudit, bonferroni
from byheart.privacy.dp_claim import canaries_of
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.privacy.rmia import TEMPERATURE
from byheart.privacy.signal import label_probability, scaled_logit
from byheart.runs.evidence import read
from byheart.runs.loop import outputs

EPSILONS, DELTA, ALLOWED = (1.0, 8.0, math.inf), 1e-5, 2
RESULT = Path(__file__).parent / "results" / "dp_sgd.md"


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is trained."""

    ordinary: int = 6000
    canaries: int = 2800
    audits: int = 10
    epochs: int = 40
    batch: int = 256


SMALL = Size(800, 400, 2, 3, 64)


@dataclasses.dataclass(frozen=True)
class Row:
    """What one epsilon gave: accuracies and bounds (audits,), those for Gaussian mechanisms by their curve, hits at 1% and at 0.1% false alarms."""

    epsilon: float
    accuracy: np.ndarray
    claims: np.ndarray
    audits: tuple[OneRunAudit, ...]
    curves: tuple[OneRunAudit, ...]
    hits: tuple[pooled.At, ...]


def network(shape: tuple[int, ...], outputs: int) -> nn.Module:
    """One hidden layer."""
    return mlp(shape, outputs, hidden=(64,))


def halved(examples: Examples) -> Examples:
    """Means of 2 x 2 pixels."""
    n, c, h, w = examples.inputs.shape
    means = examples.inputs.reshape(n, c, h // 2, 2, w // 2, 2).mean((3, 5)).round().astype(np.uint8)
    return dataclasses.replace(examples, inputs=means)


def planted(size: Size) -> bh.Task:
    """Fashion-MNIST at half its size with canaries, the same for all audits."""
    task = find("task", "fashion_mnist")()
    rows = np.sort(np.random.default_rng(0).permutation(len(task.train))[: size.ordinary + size.canaries])
    parts = {"train": task.train.take(rows), "validation": task.validation, "test": task.test}
    recipe = bh.Recipe(epochs=size.epochs, batch=size.batch, lr=0.5, momentum=0.0, schedule="constant")
    small = {name: halved(part) for name, part in parts.items()}
    return bh.plant(
        dataclasses.replace(task, **small, network=network, recipe=recipe), f"coin-canaries={size.canaries}"
    )


def tossed(task: bh.Task, audit: int, epsilon: float) -> bh.Task:
    """The same canaries under other coins, trained with this epsilon."""
    canaries, _ = canaries_of(task)
    heads = generator(audit, "coins").random(len(canaries)) < 0.5
    ordinary, inside = task.train.take(np.flatnonzero(~task.truth["coin_canary"])), canaries.take(np.flatnonzero(heads))
    train = Examples(
        *(np.concatenate([getattr(p, name) for p in (ordinary, inside)]) for name in ("inputs", "targets", "ids"))
    )
    return dataclasses.replace(
        task, train=train, truth={"coin_canary": np.arange(len(train)) >= len(ordinary)}, aside=canaries.take(np.flatnonzero(~heads)),
        recipe=dataclasses.replace(task.recipe, methods=(DPSGD(epsilon, delta=DELTA),)),
    )  # fmt: skip


def measured(task: bh.Task, size: Size, epsilon: float, out: Path) -> Row:
    """All audits of one epsilon."""
    accuracy, claims, audits, curves, answered = [], [], [], [], []
    for k in range(size.audits):
        mine = tossed(task, k, epsilon)
        run = bh.record(mine, out / f"{epsilon:g}-{k}", seed=k)
        canaries, inside = canaries_of(mine)
        logits = outputs(mine, run.network(mine), canaries)
        loss = read(logits, canaries.targets, mine.classes)["loss"]
        audits.append(bonferroni(-loss.astype(np.float64), inside, delta=DELTA))
        curves.append(bonferroni(-loss.astype(np.float64), inside, delta=DELTA, bound="f_dp_gaussian"))
        claims.append(float(run["dp_epsilon"]) if "dp_epsilon" in run else math.inf)
        accuracy.append((run["final_test_logits"].argmax(1) == mine.test.targets).mean())
        answered.append(
            (
                inside,
                loss,
                scaled_logit(logits, canaries.targets),
                label_probability(logits, canaries.targets, TEMPERATURE),
            )
        )
    member, loss, phi, p = (np.stack(column) for column in zip(*answered, strict=True))
    answers = Answers(member, loss, phi.astype(np.float32), p.astype(np.float32), canaries_of(task)[0].ids)
    hits: tuple[pooled.At, ...] = ()
    if size.audits >= 6:  # the attack needs references on either side
        said = scores(answers, partners(member, answers.ids), "rmia_online")
        curve = pooled.curve(said, member)
        hits = tuple(pooled.at(curve, said, member, fpr) for fpr in (0.01, 0.001))
    row = Row(epsilon, np.array(accuracy), np.array(claims), tuple(audits), tuple(curves), hits)
    print(line(row), flush=True)
    return row


def line(row: Row) -> str:
    """One line of the table."""
    cells = [
        "none" if math.isinf(row.epsilon) else f"{row.epsilon:g}",
        f"{row.accuracy.mean():.3f} +- {row.accuracy.std(ddof=1):.3f}",
        *(at.shown for at in row.hits),
        "-" if math.isinf(row.claims.max()) else f"{row.claims.mean():.2f}",
        *audited(row.audits, row.claims),
        *audited(row.curves, row.claims),
    ]
    return "| " + " | ".join(cells) + " |"


def audited(audits: tuple[OneRunAudit, ...], claims: np.ndarray) -> list[str]:
    """Bounds, how many are above the claim, and the ceiling."""
    bounds = np.array([a.epsilon for a in audits])
    return [
        f"{bounds.mean():.2f} +- {bounds.std(ddof=1):.2f} ({bounds.min():.2f} to {bounds.max():.2f})",
        "-" if math.isinf(claims.max()) else f"{above(audits, claims)} of {len(bounds)}",  # no bound is above no claim
        f"{audits[0].ceiling:.2f}",
    ]


def above(audits: tuple[OneRunAudit, ...], claims: np.ndarray) -> int:
    """How many bounds are above the accountant's epsilon."""
    return sum(a.epsilon > c for a, c in zip(audits, claims, strict=True))


def inversions(rows: list[Row]) -> list[str]:
    """What is lower with more epsilon, beyond its interval."""
    found = []
    for less, more in itertools.pairwise(rows):
        for name, a, b in (
            ("accuracy", less.accuracy, more.accuracy),
            ("audited epsilon", *(np.array([x.epsilon for x in r.audits]) for r in (less, more))),
        ):
            reach = 1.96 * math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
            if a.mean() - b.mean() > reach:
                found.append(f"{name} at epsilon {less.epsilon:g} is above that at {more.epsilon:g}")
        found += [
            f"hits at {100 * a.fpr:g}% at epsilon {less.epsilon:g} are above those at {more.epsilon:g}"
            for a, b in zip(less.hits, more.hits, strict=True) if a.low > b.high
        ]  # fmt: skip
    return found


def write(rows: list[Row], size: Size, seconds: float) -> None:
    """The table and what it says of the claim."""
    found = inversions(rows)
    claiming = [r for r in rows if not math.isinf(r.epsilon)]
    worst = max(above(audits, r.claims) for r in claiming for audits in (r.audits, r.curves))
    text = f"""# DP-SGD, audited

Written by `python benchmarks/dp_sgd.py`; read its header for n. {size.epochs} epochs, batch {size.batch}, lr 0.5, bound 1, delta {DELTA:g}. "None" is the same recipe
without bound, noise and Poisson sampling. The audited epsilon is a lower bound with 95% confidence, of one training each; "if Gaussian" is that of the same guesses for Gaussian mechanisms (f-DP in one run), which DP-SGD nearly is. torch {versions()["torch"]}, {machine().get("cores", "?")} cores, {seconds / 60:.1f} CPU-minutes.

| epsilon | accuracy | hits at 1% false alarms | hits at 0.1% | accountant's epsilon | audited epsilon | above the accountant's | ceiling | audited, if Gaussian | above | ceiling |
|---|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(map(line, rows))}

Inversions beyond their intervals: {"; ".join(found) or "none"}. The lower bound is above the accountant's epsilon in at most {worst} of {size.audits} audits, where
{ALLOWED} are allowed{"" if worst <= ALLOWED else ": THE CLAIM DOES NOT HOLD"}. With so many canaries perfect guesses show the ceiling: a claim above it cannot be refuted.
"""
    RESULT.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--small", action="store_true", help="writes no result")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "byheart-dp-sgd")
    given = parser.parse_args()
    size = SMALL if given.small else Size()
    begun, task = time.process_time(), planted(size)
    rows = [measured(task, size, e, given.out / ("small" if given.small else "whole")) for e in EPSILONS]
    if given.small:
        print(inversions(rows), f"{time.process_time() - begun:.0f} CPU-seconds")
    else:
        write(rows, size, time.process_time() - begun)


if __name__ == "__main__":
    main()
