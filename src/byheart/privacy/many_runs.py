"""Many trainings audited by one canary: in or out of each, and never more than one trial a training.

Trials of several canaries in one training share its noise, and an interval that counts them as independent is too
narrow. What subset models of a fixed size bound is epsilon when one example is replaced by another, up to twice that
of an example added or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from byheart.base.errors import NotApplicable, UsageError
from byheart.privacy import dp_bound

Bound = Literal["clopper_pearson", "gaussian"]
BOUNDS: dict[str, Callable[..., float]] = {
    "clopper_pearson": dp_bound.clopper_pearson,  # any mechanism
    "gaussian": dp_bound.gaussian,  # only where the mechanism is a Gaussian one, as one step of DP-SGD on all examples
}
TRIED = 32  # thresholds at most that are looked at, evenly among the scores
ALPHA = 0.05
FEWEST = 8  # models: four to choose the threshold, four to test it


@dataclass(frozen=True)
class ManyRunsAudit:
    """A lower bound on epsilon at `delta` with confidence 1 - `alpha`, and what a perfect attack on so many trials
    would show; `missed` of `members` and `alarms` of `others` at the threshold.
    """

    epsilon: float
    ceiling: float
    missed: int
    members: int
    alarms: int
    others: int
    delta: float
    alpha: float
    policy: str


def fixed(
    scores: Float[np.ndarray, "trials"], member: Bool[np.ndarray, "trials"], threshold: float,
    bound: Bound = "clopper_pearson", delta: float = 1e-5, alpha: float = ALPHA, policy: str = "threshold fixed",
) -> ManyRunsAudit:  # fmt: skip
    """The bound at a threshold that was chosen without these trials; scores above it are called members.

    Errors: NotApplicable when all trials are on one side.
    """
    counts = _counts(scores, member, threshold)
    missed, members, alarms, others = counts
    found, most = (_bound(bound, *c, delta, alpha) for c in (counts, (0, members, 0, others)))
    return ManyRunsAudit(found, most, missed, members, alarms, others, delta, alpha, policy)


def bonferroni(
    scores: Float[np.ndarray, "trials"], member: Bool[np.ndarray, "trials"], thresholds: Sequence[float],
    bound: Bound = "clopper_pearson", delta: float = 1e-5, alpha: float = ALPHA,
) -> ManyRunsAudit:  # fmt: skip
    """The best bound over several thresholds, chosen without these trials, each held to alpha / their number."""
    if not len(thresholds):
        raise UsageError("There are no thresholds.", do="give at least one")
    every = [fixed(scores, member, t, bound, delta, alpha / len(thresholds)) for t in thresholds]
    b = max(every, key=lambda one: one.epsilon)
    policy = f"the best of {len(thresholds)} thresholds, Bonferroni"
    return ManyRunsAudit(b.epsilon, b.ceiling, b.missed, b.members, b.alarms, b.others, delta, alpha, policy)


def split(
    scores: Float[np.ndarray, "trials"], member: Bool[np.ndarray, "trials"], bound: Bound = "clopper_pearson",
    delta: float = 1e-5, alpha: float = ALPHA, seed: int = 0,
) -> ManyRunsAudit:  # fmt: skip
    """The threshold that does best on a random half of the trials, and the bound by it on the other half."""
    look, hold = _halves(len(scores), seed)
    threshold = _best(scores[look], member[look], bound, delta, alpha)
    return fixed(scores[hold], member[hold], threshold, bound, delta, alpha, "threshold chosen on the other half")


def of_subset_models(
    loss: Float[np.ndarray, "models canaries"], member: Bool[np.ndarray, "models canaries"],
    bound: Bound = "clopper_pearson", delta: float = 1e-5, alpha: float = ALPHA, seed: int = 0,
) -> ManyRunsAudit:  # fmt: skip
    """The bound from subset models: half of them choose the canary and the threshold, the other half test these.

    The canary is the one whose loss falls most, in standard deviations, where it was trained on. Errors: NotApplicable
    for fewer than 8 models, or where no canary is in some and not in others of either half.
    """
    if len(loss) < FEWEST:
        raise NotApplicable(f"{len(loss)} models: it takes {FEWEST} or more, half of them to choose the threshold")
    look, hold = _halves(len(loss), seed)
    both = [part.any(0) & ~part.all(0) for part in (member[look], member[hold])]
    usable = np.flatnonzero(both[0] & both[1])
    if not len(usable):
        raise NotApplicable("no canary is in some and not in others of either half of the models")
    seen, values = member[look][:, usable], loss[look][:, usable].astype(np.float64)
    inside, outside = (np.where(side, values, np.nan) for side in (seen, ~seen))
    spread = np.sqrt(np.nanvar(inside, 0) + np.nanvar(outside, 0))
    apart = (np.nanmean(outside, 0) - np.nanmean(inside, 0)) / np.maximum(spread, 1e-3)
    best = usable[int(np.argmax(apart))]
    scores = -loss[:, best].astype(np.float64)
    threshold = _best(scores[look], member[look, best], bound, delta, alpha)
    policy = "canary and threshold chosen on the other half of the models"
    return fixed(scores[hold], member[hold, best], threshold, bound, delta, alpha, policy)


def _halves(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(n)
    return order[: n // 2], order[n // 2 :]


def _best(scores: np.ndarray, member: np.ndarray, bound: Bound, delta: float, alpha: float) -> float:
    """The threshold with the largest bound, in the middle between two scores; where bounds are equal that with the
    fewest mistakes, and then the widest gap.
    """
    values = np.unique(scores)
    places = np.unique(np.linspace(0, max(len(values) - 2, 0), TRIED).round().astype(int))

    def worth(k: int) -> tuple[float, float, float]:
        missed, members, alarms, others = _counts(scores, member, threshold(k))
        found = _bound(bound, missed, members, alarms, others, delta, alpha)
        return found, -missed / members - alarms / others, float(values[k + 1 : k + 2].sum() - values[k])

    def threshold(k: int) -> float:
        return float(values[k : k + 2].mean())

    return threshold(max(places.tolist(), key=worth))


def _counts(scores: np.ndarray, member: np.ndarray, threshold: float) -> tuple[int, int, int, int]:
    called, members = scores > threshold, int(member.sum())
    if not 0 < members < len(member):
        raise NotApplicable(f"{members} of {len(member)} trials are members: it takes some on either side")
    return int((member & ~called).sum()), members, int((~member & called).sum()), len(member) - members


@lru_cache(maxsize=65536)
def _bound(bound: str, missed: int, members: int, alarms: int, others: int, delta: float, alpha: float) -> float:
    return BOUNDS[bound](missed, members, alarms, others, delta, alpha)
