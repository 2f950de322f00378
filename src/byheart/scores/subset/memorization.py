"""memorization and memorization_raw: how much more often models are right on an example when they trained on it.

mem(i) = P(right on i | i in the training set) - P(right on i | i not in it), estimated from models trained on random
subsets (Feldman and Zhang 2020, algorithm 1). One sentence: what the network knows of this example only because it has
seen it. Range -1 to 1, higher = more memorized, 95% interval (interval.py). For regression, where nothing is right or
wrong, it is the mean loss without the example minus the mean loss with it, in units of the loss.

`memorization` is the value to read: below 32 models, when a trajectory is at hand, the shrunk estimate (few_models.py),
else the raw one. `memorization_marked` says which of its values to take with care. Cost: the subset models.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped

from byheart.base.errors import NotApplicable
from byheart.scores.score import Estimate, score
from byheart.scores.subset.few_models import FEWEST_MODELS, memorization_shrunk
from byheart.scores.subset.interval import frequency_difference, mean_difference
from byheart.scores.subset.tally import tally

ENOUGH_MODELS = 32  # from here on shrinking no longer helps the ranking


@score(
    "memorization_raw",
    needs="subset",
    higher="more memorized",
    unit="difference of frequencies (regression: of losses)",
    range=(-1.0, 1.0),
    cost="the subset models",
    finds="memorized examples: wrong labels, rare and atypical ones",
    source="Feldman and Zhang 2020, algorithm 1",
)
def memorization_raw(
    member: Bool[np.ndarray, "models n"],
    many_correct: Float[np.ndarray, "models n"],
    many_loss: Float[np.ndarray, "models n"],
    targets: Shaped[np.ndarray, "n"],
) -> Estimate:
    """Memorization (n,) by counting; NaN for an example that is in all of the models or in none."""
    if targets.dtype.kind == "f":
        return mean_difference(member, many_loss.astype(np.float64))
    sums = tally(member, many_correct)
    return frequency_difference(sums.sum_in, sums.n_in, sums.sum_out, sums.n_out)


@score(
    "memorization",
    needs="subset",
    higher="more memorized",
    unit="difference of frequencies (regression: of losses)",
    range=(-1.0, 1.0),
    cost="the subset models",
    finds="memorized examples: wrong labels, rare and atypical ones",
    source="Feldman and Zhang 2020; shrunk below 32 models",
    by_column=False,
)
def memorization(
    member: Bool[np.ndarray, "models n"],
    many_correct: Float[np.ndarray, "models n"],
    many_loss: Float[np.ndarray, "models n"],
    targets: Shaped[np.ndarray, "n"],
    loss: Float[np.ndarray, "epochs n"] | None = None,
    margin: Float[np.ndarray, "epochs n"] | None = None,
    correct: Float[np.ndarray, "epochs n"] | None = None,
) -> Estimate:
    """Memorization (n,): shrunk below 32 models where a trajectory allows it, raw otherwise."""
    if len(member) < ENOUGH_MODELS and loss is not None and margin is not None and correct is not None:
        try:
            return memorization_shrunk(member, many_correct, loss, margin, correct, targets)
        except NotApplicable:
            pass  # regression, or too few examples for a prior: counting still works
    return memorization_raw(member, many_correct, many_loss, targets)


@score(
    "memorization_marked",
    needs="subset",
    higher="less to rest on",
    direction=0,
    unit="0 or 1",
    range=(0.0, 1.0),
    cost="none",
    finds="values of memorization that rest on little",
    source="docs/decisions/0003-memorization-from-few-models.md",
)
def memorization_marked(member: Bool[np.ndarray, "models n"]) -> Float[np.ndarray, "n"]:
    """1 where memorization rests on fewer than 8 models, or where no model had or none lacked the example, (n,).

    NotApplicable when no value needs a mark.
    """
    inside = member.sum(0)
    marked = (inside == 0) | (inside == len(member)) | (len(member) < FEWEST_MODELS)
    if not marked.any():
        raise NotApplicable("no value of memorization needs a mark")
    return marked.astype(float)
