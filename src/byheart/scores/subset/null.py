"""What share of the examples looks memorized when nothing is: the same models with membership dealt anew.

Each model's answers are handed to another model, so that no answers depend on their own training set any more; the
share of examples that still reach the threshold is what the counts alone produce. It makes sense for raw values of
at least 20 models; the shrunk estimate is pulled towards 0 there and its null says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from byheart.base import seeds
from byheart.base.errors import NotApplicable
from byheart.scores.subset.tally import tally

FEWEST_MODELS = 20
MEMORIZED = 0.25  # Feldman and Zhang (2020)


@dataclass(frozen=True)
class MemorizedShare:
    """Share of the examples at or above the threshold, the share under the null, and their difference (excess).

    se covers the choice of examples (binomial) and of the dealing (standard deviation of the null); n examples.
    """

    share: float
    null: float
    null_sd: float
    excess: float
    se: float
    n: int
    threshold: float


def memorized_share(
    member: Bool[np.ndarray, "models n"],
    many_correct: Float[np.ndarray, "models n"],
    threshold: float = MEMORIZED,
    deals: int = 20,
    seed: int = 0,
) -> MemorizedShare:
    """The memorized share beside its permuted-membership null; NotApplicable below 20 models."""
    models = len(member)
    if models < FEWEST_MODELS:
        raise NotApplicable(
            f"the null of the memorized share needs at least {FEWEST_MODELS} models; {models} are there"
        )
    share, n = _share(member, many_correct, threshold)
    chance = np.array(
        [
            _share(member, many_correct[seeds.generator(seed, "null", deal).permutation(models)], threshold)[0]
            for deal in range(deals)
        ]
    )
    null, null_sd = float(chance.mean()), float(chance.std(ddof=1))
    error = float(np.sqrt(share * (1 - share) / max(n, 1) + null_sd**2))
    return MemorizedShare(share, null, null_sd, share - null, error, n, threshold)


def _share(member: np.ndarray, correct: np.ndarray, threshold: float) -> tuple[float, int]:
    sums = tally(member, correct)
    value = sums.mean_in - sums.mean_out
    value = value[np.isfinite(value)]
    return (float((value >= threshold).mean()) if len(value) else float("nan")), len(value)
