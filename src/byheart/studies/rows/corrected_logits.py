"""Logits corrected by how often a label goes with an attribute: what is learned is what balanced groups would teach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.logit_correction import correction, label_and_attribute
from byheart.models.linear import linear
from byheart.runs.learner import Network
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import coloured, with_recipe

BIASED, NONE = 0.95, 0.1  # share of the training digits in their class's colour; a tenth is chance
EPOCHS = 20
CELLS, TOY = 6, 4_000  # what an example of the toy can look like; examples


def uncorrected(lab: Lab) -> Reading:
    """Digits whose colour is drawn at random in training too; the toy's logits are not corrected."""
    return Reading({**gains(lab, coloured(lab, NONE, epochs=lab.size(EPOCHS, 2))), "toy": toy(lab, corrected=False)})


@study(
    Row("C19", (
        at_most("toy", 0.02, "largest difference from the group-balanced probability, toy with known shares"),
        above("gain", 0, "unbiased accuracy above plain training's, 95% in their class's colour"),
        above("worst group", 0, "worst-group accuracy above plain training's"),
    ), paper="liu2023"),
    control=uncorrected, cost=9, data=("mnist",),
)  # fmt: skip
def corrected_logits(lab: Lab) -> Reading:
    """A toy whose group-balanced optimum is known, trained with known shares; and digits in ten colours, nearly all in
    that of their class in training and in any at test, where a biased network guesses the shares.
    """
    return Reading({**gains(lab, coloured(lab, BIASED, epochs=lab.size(EPOCHS, 2))), "toy": toy(lab, corrected=True)})


def gains(lab: Lab, task: Task) -> dict[str, float]:
    """What logit correction adds to the test accuracy of plain training, in all and in the group answered worst."""
    plain, aware = (answered(lab, with_recipe(task, methods=m)) for m in ((), ("logit_correction",)))
    return {"gain": aware["all"] - plain["all"], "worst group": aware["worst"] - plain["worst"]}


def answered(lab: Lab, task: Task) -> dict[str, float]:
    """Accuracy on test pictures, whose colour says nothing, and in the group that is answered worst."""
    predict = Network().fit(task, np.arange(len(task.train)), lab.seed)
    right, groups = predict(task.test).argmax(1) == task.test.targets, task.test.groups
    worst = min(float(right[groups == name].mean()) for name in ("aligned", "conflicting"))
    return {"all": float(right.mean()), "worst": worst}


def toy(lab: Lab, corrected: bool) -> float:
    """How far a table of logits, trained with known shares of label and attribute or without, is from the probability
    of the label where all four groups are equally frequent, as the examples' counts give it.
    """
    random, n = generator(lab.seed, "toy"), lab.size(TOY, 800)
    y = random.integers(0, 2, n)
    z = np.where(random.random(n) < BIASED, y, 1 - y)
    slope = np.arange(1, CELLS + 1) / np.arange(1, CELLS + 1).sum()
    x = np.where(y == 1, random.choice(CELLS, n, p=slope), CELLS - 1 - random.choice(CELLS, n, p=slope))
    counts = np.zeros((CELLS, 2, 2))
    np.add.at(counts, (x, z, y), 1)
    balanced = counts / counts.sum(0)
    balanced /= balanced.sum(2, keepdims=True).clip(1e-9)
    seen = torch.eye(2)[torch.from_numpy(z)]
    table = correction(label_and_attribute(seen, torch.from_numpy(y)), torch.from_numpy(z)) * corrected
    inputs = np.eye(2 * CELLS, dtype=np.float32)[2 * x + z]
    recipe = Recipe(lab.size(400, 5), n, lr=2.0, clip=0, schedule="constant", methods=(Known(table),))
    cases = Examples(inputs, y)
    task = Task(cases, cases, network=linear, scaling="none", recipe=recipe)
    answer = torch.from_numpy(Network().fit(task, np.arange(n), lab.seed)(task.train)).softmax(1).numpy()
    return float(np.abs(answer - balanced[x, z]).max())


@dataclass(frozen=True)
class Known:
    """Adds the logarithms of known shares to the logits."""

    table: torch.Tensor

    def logits(self, state) -> None:
        state.logits = state.logits + self.table[torch.from_numpy(state.batch.rows)]
