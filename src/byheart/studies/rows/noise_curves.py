"""Labels without a rule: rules are learned first, then what follows none, and new data pay for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from byheart.controls.stop import best_epoch
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.diagnosis.turning import smooth
from byheart.runs.run import Run
from byheart.scores.trajectory.learning_time import learning_time
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import accuracy, averaged, by_epoch, fitted, marked, trained, with_recipe

NOISY = (20, 40, 80)  # percent of labels that are drawn anew


def labels_kept(lab: Lab) -> Reading:
    """The same where all labels are right: other pictures in place of each share, and "wrong" ones marked at random."""
    n, epochs = lab.size(500, 100), lab.size(90, 5)
    labs = {p: replace(lab, seed=lab.seed + 1_000 * p) for p in (0, *NOISY)}
    drawn = {p: averaged(where, n, 2 * n, epochs=epochs) for p, where in labs.items()}
    return measured(lab, {p: marked(task, p / 100, lab.seed) for p, task in drawn.items()})


@study(
    Row("A11", (
        above("late", 0.0, "epochs by which wrong labels are learned for good after right ones"),
        at_least("step", 0.0, "least rise of the share of wrong labels fitted, fifth by fifth until all are"),
        at_least("memorized: end", 0.95, "share of wrong labels fitted at the end"),
        at_least("train: end", 0.99, "training accuracy at the end"),
    )),
    Row("B03", (
        above("best: step", 0.0, "test accuracy at the best epoch, least fall from 0 to 20, 40 and 80%"),
        above("final: step", 0.0, "test accuracy at the end, least fall from 0 to 20, 40 and 80%"),
        at_least("fall: 20", 0.05, "validation accuracy at its peak above that at the end, 20% random labels"),
        at_least("fall: 80", 0.2, "the same with 80%"),
    ), paper="arpit2017"),
    Row("B07", (
        above("stopped: 20", 0.0, "test accuracy when stopped above that at the end, 20% random labels"),
        above("stopped: 40", 0.0, "the same with 40%"),
        above("spared", 0.0, "share of wrong labels fitted at the end above that when stopped, 20 and 40%"),
        at_most("restored", 0.0, "validation accuracy when stopped away from that of the epoch with the least loss"),
    )),
    Row("B15", (
        above("lead", 0.0, "epochs from the peak of validation accuracy until half of the wrong labels are fitted"),
        above("true over given", 0.0, "wrongly labelled examples at that peak: true minus given label answered"),
    ), paper="arpit2017"),
    Row("E09", (
        at_most("missed", 0.01, "best test accuracy above that at the recommended epoch, worst of 20, 40 and 80%"),
        above("too long", 0.0, "test accuracy at the recommended epoch above that at the end"),
        above("too short", 0.0, "test accuracy at the recommended epoch above that after the first"),
    )),
    control=labels_kept, cost=31, data=("mnist",),
)  # fmt: skip
def noise_curves(lab: Lab) -> Reading:
    """MNIST with 0, 20, 40 and 80% random labels, trained until they are fitted: accuracy epoch by epoch, on labels
    that follow the rule, on those that do not, and on new data; and the same with early stopping.
    """
    clean = averaged(lab, lab.size(2_000, 100), lab.size(2_000, 100), epochs=lab.size(90, 5))
    return measured(lab, {0: clean} | {p: plant(clean, f"random-labels={p / 100}", lab.seed) for p in NOISY})


def measured(lab: Lab, tasks: Mapping[int, Task]) -> Reading:
    """All that is asked, from one training for each share and one that is stopped for 20 and 40%."""
    runs = {p: trained(lab, task, f"{p}") for p, task in tasks.items()}
    test, seen = ({p: by_epoch(r, part) for p, r in runs.items()} for part in ("test", "validation"))
    values = {f"fall: {p}": float(seen[p].max() - seen[p][-1]) for p in NOISY}
    values["best: step"] = min(test[a][seen[a].argmax()] - test[b][seen[b].argmax()] for a, b in pairwise(tasks))
    values["final: step"] = min(test[a][-1] - test[b][-1] for a, b in pairwise(tasks))
    found = {p: before_and_after(runs[p], tasks[p]) for p in NOISY}
    values["missed"] = max(f["missed"] for f in found.values())
    values |= {n: min(f[n] for f in found.values()) for n in ("lead", "true over given", "too long", "too short")}
    lines = [Curve(f"{p}% random labels", range(1, len(y) + 1), y.tolist()) for p, y in test.items()]
    values |= convergence(runs[20], tasks[20].truth["wrong"]) | stopping(lab, tasks, runs)
    return Reading(values, lines, "epoch", "test accuracy")


def before_and_after(run: Run, task: Task) -> dict[str, float]:
    """The recommended epoch against the first, the best and the last, and against when wrong labels are fitted."""
    epoch, wrong, level = best_epoch(run), task.truth["wrong"], smooth(by_epoch(run, "test"))
    fitted_by = np.asarray(run["correct"], np.float64)[:, wrong].mean(1) >= 0.5
    halfway = int(np.append(fitted_by, True).argmax()) + 1
    answers = np.asarray(run["predicted"])[epoch - 1, wrong]
    true, given = answers == task.truth["original"][wrong], answers == task.train.targets[wrong]
    there = level[epoch - 1]
    return {
        "missed": float(level.max() - there), "too long": float(there - level[-1]),
        "too short": float(there - by_epoch(run, "test")[0]), "lead": float(halfway - epoch),
        "true over given": float(true.mean() - given.mean()),
    }  # fmt: skip


def convergence(run: Run, wrong: np.ndarray) -> dict[str, float]:
    """When wrong labels are learned, and whether ever more of them are, until all are."""
    correct = np.asarray(run["correct"], np.float64)
    when, train, share = learning_time(correct), correct.mean(1), correct[:, wrong].mean(1)
    fit = int(np.append(train >= 0.999, True).argmax()) + 1
    rise = min(b - a for a, b in pairwise(part.mean() for part in np.array_split(share[: max(fit, 5)], 5)))
    late = float(when[wrong].mean() - when[~wrong].mean())
    return {"late": late, "step": float(rise), "memorized: end": float(share[-1]), "train: end": float(train[-1])}


def stopping(lab: Lab, tasks: Mapping[int, Task], runs: Mapping[int, Run]) -> dict[str, float]:
    """The same trainings, stopped ten epochs after the least validation loss and put back to it."""
    values, away, spared = {}, [], []
    for p in (20, 40):
        task = with_recipe(tasks[p], methods=("early_stopping(patience=10)",))
        run = trained(lab, task, f"stopped-{p}")
        values[f"stopped: {p}"] = accuracy(run, task, "test") - accuracy(runs[p], task, "test")
        least = int(np.asarray(run["validation_loss"], np.float64).mean(1).argmin())
        away.append(abs(accuracy(run, task, "validation") - by_epoch(run)[least]))
        spared.append(fitted(runs[p], task) - fitted(run, task))
    return values | {"restored": max(away), "spared": min(spared)}
