"""How many units hold an answer, and in which activations: memorized examples beside others (Maini et al. 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.seeds import generator
from byheart.diagnosis.uncertainty import Interval

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.runs.run import Run

EXAMPLES, FEW = 15, 6  # of each kind at most; and where the data are few, at least: below, medians have no interval
UNITS = 25  # more are not silenced for one example
FASTER = 24  # a gradient here beside one in training: larger batches, no weights, and most answers flip before the end
COLUMNS = ("id", "memorized", "layer", "units", "flipped")


def affordable(task: Task) -> tuple[int, float]:
    """How many examples of each kind are silenced for, and what that costs in trainings of the watched run: about one,
    or what the fewest cost.
    """
    from byheart.scores.checkpoint.flipping import BESIDE, DRAWS

    n, epochs = len(task.train), task.recipe.epochs
    each = 2 * UNITS * DRAWS * min(BESIDE + 1, n) / (FASTER * n * epochs)
    examples = int(min(EXAMPLES, max(FEW, 1 / each)))
    return examples, examples * each


def silenced_units(
    run: Run, task: Task, chosen: Bool[np.ndarray, "n"], examples: int, most: int = UNITS
) -> tuple[pd.DataFrame, str]:
    """Units that are silenced until an answer flips, of at most so many chosen examples and of others, drawn from those
    that are answered rightly; and why there are none ("" where there are).

    One row an example and activation: id, memorized, layer, units (silenced there), flipped (by all of them together).
    """
    from byheart.runs.loop import one_thread
    from byheart.scores.checkpoint.flipping import silenced

    inputs, targets = task.tensors(task.train, np.arange(len(task.train)))
    if not inputs.is_floating_point():
        return pd.DataFrame(columns=list(COLUMNS)), "inputs that are looked up have no gradient that units could follow"
    right = run["final_logits"].argmax(1) == task.train.targets
    random = generator(run.record.seed, "silenced")
    rows = [random.permutation(np.flatnonzero(right & mask))[:examples] for mask in (chosen, ~chosen)]
    if not all(map(len, rows)):
        return pd.DataFrame(columns=list(COLUMNS)), "no answer is right that could flip"
    asked = np.concatenate(rows)
    try:
        with one_thread():
            found = silenced(run.network(task), inputs, targets, asked, most, run.record.seed)
    except (NotApplicable, UsageError) as why:
        return pd.DataFrame(columns=list(COLUMNS)), getattr(why, "what", str(why)).rstrip(".")
    layers = list(dict.fromkeys(name for one in found for name in one.layers))
    return pd.DataFrame([
        {"id": task.train.ids[row], "memorized": bool(chosen[row]), "layer": layer,
         "units": one.layers.count(layer), "flipped": one.flipped}
        for row, one in zip(asked, found, strict=True) for layer in layers
    ], columns=list(COLUMNS)), ""  # fmt: skip


def needed(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """How many units each answer needed, of the memorized and of the others; inf where it never flipped."""
    whole = table.groupby("id", sort=False).agg({"units": "sum", "flipped": "first", "memorized": "first"})
    units = np.where(whole["flipped"].astype(bool), whole["units"].astype(float), np.inf)
    own = whole["memorized"].to_numpy(bool)
    return {"memorized": units[own], "others": units[~own]}


def median(values: Float[np.ndarray, "n"]) -> Interval:
    """The median, the lower of two, with its interval of 95% at least; values may be infinite, and below six there is
    no interval. Source: Thompson (1936), order statistics.
    """
    from scipy.stats import binom

    ordered, n = np.sort(values), len(values)
    middle = float(ordered[(n - 1) // 2])
    below = int(binom.ppf(0.025, n, 0.5))  # so many or fewer of n lie below the median with more than 2.5%
    if below < 1:
        return Interval(middle, np.nan, np.nan)
    return Interval(middle, float(ordered[below - 1]), float(ordered[n - below]))


def fewer(memorized: Float[np.ndarray, "n"], others: Float[np.ndarray, "m"]) -> float:
    """The chance of so few units for the memorized where they need as many as the others. Source: Mann and Whitney
    (1947).
    """
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(memorized, others, alternative="less").pvalue)
