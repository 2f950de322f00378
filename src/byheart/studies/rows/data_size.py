"""How many examples: what is memorized of them, what is known from them, and whom a biased choice fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.seeds import generator
from byheart.controls.learning_curve import learning_curve, power_law
from byheart.controls.setting import smaller
from byheart.controls.sweep import sweep
from byheart.data.made.pictures import drawn_by_class
from byheart.data.task import Task
from byheart.runs.evidence import read
from byheart.runs.subsets import record_subsets
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least, at_most, below
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures, right, shuffled, trained

SIZES = (60, 200, 600)  # for what is memorized
LONG = (50, 100, 200, 400, 800, 1_400)  # for the learning curve
EACH, FEW, MANY = 20, 4, 36  # pictures of a class: in a choice that stands for all, and in a biased one


def nothing_to_gain(lab: Lab) -> Reading:
    """Sizes that are equal, a second choice that stands for all in place of the biased one, and labels dealt anew."""
    same = memorized(lab, (SIZES[1],) * 2, models=lab.size(20, 2))
    curve, _ = learned(lab, shuffled(whole(lab), lab.seed))
    return Reading(same | biased(lab, EACH, EACH) | curve)


@study(
    *(Row(claim, (
        below("memorization: trend", 0, "mean memorization, change where the training set is ten times as large"),
        below("share: trend", 0, "share of the examples that is memorized (at least .25), the same change"),
        above("biased: loss", 0, "test loss after a biased choice of 200 examples, above that after a stratified one"),
    )) for claim in ("A10", "B08")),
    Row("B10", (
        above("more: accuracy", 0, "test accuracy with 1,400 examples above that with 50"),
        above("biased: gap", 0, "average test accuracy above that of the classes that the choice has few of"),
    )),
    Row("B22", (
        at_least("law: explained", 0.8, "share of the errors' variance over six sizes that a power law explains"),
        at_most("law: missed", 0.02, "error with 1,400 examples, distance from what the five smaller sizes foretell"),
        above("law: exponent", 0, "exponent of the size by which the error falls"),
    ), corrected="The error falls as a power of the size, whose constants are each task's own."),
    control=nothing_to_gain, cost=14,
)  # fmt: skip
def data_size(lab: Lab) -> Reading:
    """Digits in sets of 50 to 1,400: mean memorization by models on random subsets, test error with the power law of
    the learning curve, and 200 examples that stand for all classes or for half of them.
    """
    values, curve = learned(lab, whole(lab))
    values |= memorized(lab, SIZES if not lab.small else (40, 80), lab.size(20, 2)) | biased(lab, FEW, MANY)
    return Reading(values, [curve], "training examples", "test error")


def whole(lab: Lab) -> Task:
    """The digits, to draw smaller sets from."""
    return pictures(lab, train=1_400, test=397, hidden=(64,), epochs=lab.size(30, 1), lr=0.1)


def memorized(lab: Lab, sizes: tuple[int, ...], models: int) -> dict[str, float]:
    """Change of mean memorization, and of the share memorized, a tenfold of the size; equal sizes are other draws."""
    means, shares = [], []
    for k, n in enumerate(sizes):
        task = smaller(whole(lab), n, lab.seed + 1_000 * k)
        found = score(None, record_subsets(task, models, lab.folder / f"many-{k}", lab.seed, jobs=1), ["memorization"])
        values = found["memorization"][np.isfinite(found["memorization"])]
        means.append(values.mean())
        shares.append((values >= 0.25).mean())
    place = np.log10(sizes) if len(set(sizes)) > 1 else np.linspace(0, 1, len(sizes))
    return {name: float(np.polyfit(place, y, 1)[0])
            for name, y in (("memorization: trend", means), ("share: trend", shares))}  # fmt: skip


def learned(lab: Lab, task: Task) -> tuple[dict[str, float], Curve]:
    """The learning curve, its law, and the law of all sizes but the largest held against that one."""
    sizes = LONG[: lab.size(6, 4)]
    found = sweep(task, {"size": list(sizes)}, 1, lab.folder / "sizes", seed=lab.seed, jobs=1)
    error, n = 1 - found.table["test"].to_numpy(float), np.array(sizes, float)
    curve = learning_curve("", n, 1 - found.test)
    a, b, c = power_law(n[:-1], error[None, :-1])[0]
    values = {
        "more: accuracy": float(error[0] - error[-1]), "law: explained": float(curve.explained),
        "law: missed": float(abs(a * n[-1] ** -b + c - error[-1])),
        "law: exponent": float(power_law(n, error[None])[0, 1]) if not curve.reason else 0.0,
    }  # fmt: skip
    return values, Curve("digits", list(sizes), error.tolist())


def biased(lab: Lab, few: int, many: int) -> dict[str, float]:
    """What a choice with few pictures of five classes and many of the others does, beside one that stands for all."""
    scarce = generator(lab.seed, "scarce").permutation(10)[:5]
    losses, runs = {}, {}
    for name, counts in (("stratified", [EACH] * 10), ("biased", [few if c in scarce else many for c in range(10)])):
        draw = lab.seed if name == "biased" else lab.seed + 500
        parts = drawn_by_class("digits", np.array(counts), np.full(10, 100), draw)
        task = replace(whole(lab), train=parts[0], test=parts[1], validation=None)
        runs[name] = trained(lab, task, name), task
        losses[name] = float(read(runs[name][0]["final_test_logits"], task.test.targets, 10)["loss"].mean())
    run, task = runs["biased"]
    known = right(run, task, "test")
    gap = float(known.mean() - known[np.isin(task.test.targets, scarce)].mean())
    return {"biased: loss": losses["biased"] - losses["stratified"], "biased: gap": gap}
