"""Which block of the input, put in from another example, costs how much: S-randomized accuracy and AUC, with intervals.

Source: Shah et al. (2020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.diagnosis.blocks import Block
from byheart.diagnosis.calibration import probabilities
from byheart.diagnosis.intervals import paired_points, share_measure
from byheart.diagnosis.measure import Measure
from byheart.diagnosis.truth import auroc

if TYPE_CHECKING:
    from torch import nn

    from byheart.data.task import Task

Predict = Callable[[np.ndarray], np.ndarray]  # inputs (n, ...) as the task has them -> logits (n, classes)
REPEATS = 5


@dataclass(frozen=True, eq=False)
class Randomized:
    """Answers to inputs in which one block was dealt to other examples, by row and dealing.

    `before` (n,) and `after` (repeats, n) are the predicted classes, `logits` (repeats, n, classes) what they follow
    from.
    """

    block: Block
    targets: Int[np.ndarray, "n"]
    before: Int[np.ndarray, "n"]
    after: Int[np.ndarray, "repeats n"]
    logits: Float[np.ndarray, "repeats n classes"]

    @property
    def was_right(self) -> Float[np.ndarray, "n"]:
        """Whether the answer to the input as it is was right, 0 or 1."""
        return (self.before == self.targets).astype(np.float64)

    @property
    def right(self) -> Float[np.ndarray, "n"]:
        """Share of the dealings after which the answer is right."""
        return (self.after == self.targets).mean(0)

    @property
    def moved(self) -> Float[np.ndarray, "n"]:
        """Share of the dealings after which the answer is another one."""
        return (self.after != self.before).mean(0)


@dataclass(frozen=True)
class BlockRow:
    """What one block carries.

    `cost` is the accuracy lost when it is dealt out, `accuracy` what is left (S-randomized accuracy), `changed` the
    share of answers that change, `auc` the S-randomized AUC (a mean over classes against the others; NaN where one
    does not occur).
    """

    block: str
    cost: Measure
    accuracy: Measure
    changed: Measure
    auc: Measure


def predictor(task: Task, network: nn.Module) -> Predict:
    """The trained network as a function of inputs as the task has them; eval mode, in chunks."""
    from byheart.runs.loop import one_thread, outputs

    kind = np.int64 if task.is_classification else np.float32

    def predict(inputs: np.ndarray) -> np.ndarray:
        with one_thread():
            return outputs(task, network, Examples(inputs, np.zeros(len(inputs), kind)))

    return predict


def randomized(
    predict: Predict, inputs: np.ndarray, targets: Int[np.ndarray, "n"], block: Block, repeats: int = REPEATS,
    seed: int = 0,
) -> Randomized:  # fmt: skip
    """Answers (repeats, n) to inputs whose block was dealt to other examples at random, a permutation each time.

    The dealings depend on the seed and the rows' order alone, so that blocks are compared on the same ones.
    """
    before = predict(inputs).argmax(1)
    logits = []
    for k in range(repeats):
        order = generator(seed, "dealing", k).permutation(len(inputs))
        logits.append(predict(block.exchange(inputs, inputs[order])))
    found = np.stack(logits).astype(np.float64)
    return Randomized(block, targets, before, found.argmax(2), found)


def shortcut_probe(
    predict: Predict, inputs: np.ndarray, targets: Int[np.ndarray, "n"], blocks: Iterable[Block],
    repeats: int = REPEATS, seed: int = 0,
) -> tuple[BlockRow, ...]:  # fmt: skip
    """One row a block, the costliest first.

    A block that costs much in training and nothing held out, though answers change, is a shortcut; the cost alone says
    what the network reads, not that it should not.
    """
    rows = [row(randomized(predict, inputs, targets, block, repeats, seed)) for block in blocks]
    return tuple(sorted(rows, key=lambda found: -found.cost.value))


def row(found: Randomized) -> BlockRow:
    """The numbers of one block; intervals are over examples, each with the mean over its dealings."""
    return BlockRow(
        found.block.name,
        paired_points("cost", found.was_right - found.right),
        share_measure("accuracy", found.right),
        share_measure("changed", found.moved),
        randomized_auc(found),
    )


def randomized_auc(found: Randomized) -> Measure:
    """AUC of each class against the others, after dealing: mean over classes and dealings, with the mean of DeLong's
    standard errors, which is no smaller than that of the mean.
    """
    estimates = [one_auc(logits, found.targets) for logits in found.logits]
    value, se = (float(x) for x in np.mean(estimates, 0))
    low, high = max(value - 1.96 * se, 0.0), min(value + 1.96 * se, 1.0)
    return Measure("auc", value, se, low, high, len(found.targets), kind="ratio")


def one_auc(logits: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, "n"]) -> tuple[float, float]:
    """Mean AUC over the classes that occur, each against the others, and its standard error; of two classes one AUC."""
    p = probabilities(logits)
    classes = [1] if logits.shape[1] == 2 else list(range(logits.shape[1]))
    masks = [(p[:, k], targets == k) for k in classes]
    found = [auroc(values, mask)[:2] for values, mask in masks if mask.any() and not mask.all()]
    value, se = np.mean(found, 0) if found else (np.nan, np.nan)
    return float(value), float(se)
