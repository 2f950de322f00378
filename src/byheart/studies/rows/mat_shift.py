"""What memorization-aware training does to the loss: a shift of each example's logits, and nothing beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from byheart.data.task import Task
from byheart.methods.mat import MAT
from byheart.runs.learner import Network
from byheart.studies.criterion import at_most, below
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import pictures, with_recipe

TEMPERATURE, FLOOR = 0.1, 1e-6
ALONE = 3  # examples of the rarest class: most batches lack it


@study(
    Row("C27", (
        at_most("shift", 1e-6, "largest difference between the shift in a batch and the formula, written out"),
        at_most("shift, class missing", 1e-6, "the same in batches that lack a class"),
        at_most("added", 0, "largest difference between a batch's logits with it and their sum"),
        at_most("loss", 1e-5, "largest difference between a batch's loss and cross-entropy at logits plus shift"),
        at_most("penalty", 0, "largest term that is added to the loss"),
        below("least change", 0, "least change of an example's loss by the shift: no penalty would lower a loss"),
        at_most("answers", 0, "share of other answers when nothing of the training but its weights is kept"),
    ), paper="bayat2024",
        corrected="Memorization-aware training adds no term to the loss: it shifts each example's logits inside the "
                  "cross-entropy, by what held-out predictions alone say of the label, and leaves the shift out "
                  "afterwards."),
    control="An identity: what the training computes is held against the formula, and has no case where it must fail.",
    cost=1,
)  # fmt: skip
def mat_shift(lab: Lab) -> Reading:
    """Every batch of a memorization-aware training of digits, one class of which is rare, against its formula."""
    task, held_out = prepared(lab)
    seen = Seen(lambda: written_out(held_out, task.train.targets))
    aware = with_recipe(task, methods=(MAT(TEMPERATURE, held_out), seen))
    predict = Network().fit(aware, np.arange(len(task.train)), lab.seed)
    found = {name: max(values) for name, values in seen.found.items() if name != "least change"}
    weights = seen.network[-1]
    bare = task.build()
    bare.load_state_dict(weights)
    bare.eval()
    inputs, _ = task.tensors(task.test, np.arange(len(task.test)))
    other = bare(inputs).argmax(1).numpy() != predict(task.test).argmax(1)
    return Reading({**found, "least change": min(seen.found["least change"]), "answers": float(other.mean())})


def prepared(lab: Lab) -> tuple[Task, np.ndarray]:
    """Digits, of which few are nines, and predictions for them by a network that was trained on others."""
    whole = pictures(lab, train=lab.size(1_000, 200), test=300, epochs=lab.size(10, 2), lr=0.05)
    nines = np.flatnonzero(whole.train.targets == 9)[ALONE:]
    kept = np.setdiff1d(np.arange(len(whole.train)), nines)
    half = kept[: len(kept) // 2]
    task = replace(whole, train=whole.train.take(kept))
    others = Network().fit(whole, half, lab.seed)(task.train).astype(np.float64)
    return task, others


def written_out(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """log(p(y = c | x_i) + 1e-6), (n, classes), by sums over examples and classes, one after another.

    Source: Bayat et al. (2024), Algorithm 1.
    """
    n, classes = logits.shape
    predicted = np.exp(logits / TEMPERATURE - (logits / TEMPERATURE).max(1, keepdims=True))
    predicted /= predicted.sum(1, keepdims=True)
    joint = np.zeros((classes, classes))
    for i in range(n):
        joint[:, targets[i]] += predicted[i] / n
    found = np.zeros((n, classes))
    for k in range(classes):
        found += predicted[:, [k]] * (joint[k] / joint[k].sum())
    return np.log(found + FLOOR)


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """-log softmax(logits)[y], (b,)."""
    logits = logits - logits.max(1, keepdims=True)
    return np.log(np.exp(logits).sum(1)) - logits[np.arange(len(targets)), targets]


@dataclass(frozen=True)
class Seen:
    """Looks at each batch after memorization-aware training has acted, and at the weights in the end."""

    formula: Callable[[], np.ndarray]
    found: dict = field(default_factory=dict)
    network: list = field(default_factory=list)

    def fit_start(self, state) -> None:
        state.own["seen"] = {"formula": self.formula()}

    def losses(self, state) -> None:
        rows, targets = state.batch.rows, state.batch.targets.numpy()
        shift, raw = state.own["mat"]["shift"][rows], state.network(state.batch.inputs).detach()
        wanted, losses = state.own["seen"]["formula"][rows], state.losses.detach().double().numpy()
        self.put("shift", np.abs(shift.numpy() - wanted).max())
        if len(np.unique(targets)) < state.task.classes:
            self.put("shift, class missing", np.abs(shift.numpy() - wanted).max())
        self.put("added", float((state.logits.detach() - (raw + shift)).abs().max()))
        raw = raw.double().numpy()
        self.put("loss", np.abs(losses - cross_entropy(raw + wanted, targets)).max())
        self.put("penalty", abs(float(state.penalty)))
        self.put("least change", (losses - cross_entropy(raw, targets)).min())

    def put(self, name: str, value: float) -> None:
        """Add a number to those of a name."""
        self.found.setdefault(name, []).append(float(value))

    def fit_end(self, state) -> None:
        self.network.append({name: p.detach().clone() for name, p in state.network.state_dict().items()})
