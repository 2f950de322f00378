"""One training audited by many canaries, each in or out by its own coin: how often to guess is fixed before looking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from byheart.base.errors import UsageError
from byheart.privacy import fdp_bound, one_run

Bound = Literal["one_run", "f_dp", "f_dp_gaussian"]
BOUNDS: dict[Bound, Callable[[int, int, int, float, float], float]] = {
    "one_run": one_run.epsilon,  # any mechanism (Steinke et al. 2023)
    "f_dp": fdp_bound.any_mechanism,  # any mechanism as well, with less lost where delta is large
    "f_dp_gaussian": fdp_bound.gaussian,  # only where the mechanism is a Gaussian one (Mahloujifar et al. 2025)
}
# Shares of the canaries that are guessed on, half of them in and half out. Few sure guesses show a large epsilon, many
# unsure ones a small one.
SHARES = (0.1, 0.5)
ALPHA = 0.05


@dataclass(frozen=True)
class OneRunAudit:
    """A lower bound on epsilon at `delta` with confidence 1 - `alpha`, and the `ceiling`: what perfect guesses on so
    many canaries would show.

    `right` of `guesses` are those that gave the bound; `policy` says how their number was chosen. Which `bound` it is
    must have been fixed before looking: the largest of several holds with less confidence.
    """

    epsilon: float
    ceiling: float
    canaries: int
    guesses: int
    right: int
    delta: float
    alpha: float
    policy: str
    bound: Bound = "one_run"

    @property
    def shown(self) -> str:
        """The outcome in a sentence's end, without its first word."""
        guessed = f"{self.right} of {self.guesses} guesses on {self.canaries} canaries are right"
        bound = f"epsilon is at least {self.epsilon:.2f} at delta {self.delta:g}, with {1 - self.alpha:.0%} confidence"
        end = f"perfect guesses would show {self.ceiling:.2f}"
        if self.epsilon:
            return f"{guessed}: {bound} ({end})"
        return f"{guessed}, which shows no leak; that is no proof of privacy, and even {end}"


def fixed(
    scores: Float[np.ndarray, "canaries"], inserted: Bool[np.ndarray, "canaries"], share: float, delta: float = 0.0,
    alpha: float = ALPHA, bound: Bound = "one_run",
) -> OneRunAudit:  # fmt: skip
    """The bound when one `share` of the canaries is guessed on, chosen without these scores. Steinke et al. 2023.

    High `scores` are called in. Errors: UsageError for arrays of different lengths, or a share outside (0, 1].
    """
    canaries = _checked(scores, inserted, (share,))
    each = max(int(share * canaries / 2), 1)
    guesses, right = one_run.guessed(scores, inserted, each, each)
    found, most = (_epsilon(bound, canaries, guesses, v, delta, alpha) for v in (right, guesses))
    policy = f"{share:g} of the canaries, fixed"
    return OneRunAudit(found, most, canaries, guesses, right, delta, alpha, policy, bound)


def bonferroni(
    scores: Float[np.ndarray, "canaries"], inserted: Bool[np.ndarray, "canaries"], shares: Sequence[float] = SHARES,
    delta: float = 0.0, alpha: float = ALPHA, bound: Bound = "one_run",
) -> OneRunAudit:  # fmt: skip
    """The best bound over several shares, each held to alpha / their number, so that choosing costs no confidence."""
    _checked(scores, inserted, shares)
    every = [fixed(scores, inserted, share, delta, alpha / len(shares), bound) for share in shares]
    best = max(every, key=lambda one: one.epsilon)
    policy = f"the best of {len(shares)} shares ({', '.join(f'{s:g}' for s in shares)}), Bonferroni"
    ceiling = max(one.ceiling for one in every)
    return OneRunAudit(
        best.epsilon, ceiling, best.canaries, best.guesses, best.right, delta, alpha, policy, bound
    )  # fmt: skip


def split(
    scores: Float[np.ndarray, "canaries"], inserted: Bool[np.ndarray, "canaries"], shares: Sequence[float] = SHARES,
    delta: float = 0.0, alpha: float = ALPHA, seed: int = 0, bound: Bound = "one_run",
) -> OneRunAudit:  # fmt: skip
    """The share that does best on a random half of the canaries, and the bound by it on the other half."""
    canaries = _checked(scores, inserted, shares)
    order = np.random.default_rng(seed).permutation(canaries)
    look, hold = order[: canaries // 2], order[canaries // 2 :]
    best = max(shares, key=lambda share: fixed(scores[look], inserted[look], share, delta, alpha, bound).epsilon)
    made = fixed(scores[hold], inserted[hold], best, delta, alpha, bound)
    policy = f"{best:g} of the canaries, chosen on another half"
    return OneRunAudit(
        made.epsilon, made.ceiling, made.canaries, made.guesses, made.right, delta, alpha, policy, bound
    )  # fmt: skip


def guessed_right(
    scores: Float[np.ndarray, "canaries"], inserted: Bool[np.ndarray, "canaries"], guesses: int
) -> Bool[np.ndarray, "canaries"]:
    """Which inserted canaries are among the `guesses` / 2 highest scores."""
    found = np.zeros(len(scores), bool)
    found[np.argsort(-scores, kind="stable")[: guesses // 2]] = True
    return found & inserted


def needed(epsilon: float, shares: Sequence[float] = SHARES, alpha: float = ALPHA) -> int:
    """About how many canaries it takes for the ceiling to reach `epsilon` at delta 0: r right of r guesses refute it
    where (e^epsilon / (1 + e^epsilon))^r = alpha / the number of shares.
    """
    guesses = np.log(len(shares) / alpha) / np.log1p(np.exp(-epsilon))
    return int(np.ceil(guesses / max(shares)))


def _checked(scores: np.ndarray, inserted: np.ndarray, shares: Sequence[float]) -> int:
    if len(scores) != len(inserted) or len(scores) < 4 or not np.isfinite(scores).all():
        raise UsageError(
            f"{len(scores)} scores and {len(inserted)} coins cannot be audited.",
            do="give one finite score and one coin a canary, for at least 4",
        )
    if not shares or not all(0 < share <= 1 for share in shares):
        raise UsageError(f"shares={tuple(shares)} cannot be guessed on.", do="give shares above 0 and up to 1")
    return len(scores)


@lru_cache(maxsize=4096)
def _epsilon(bound: Bound, canaries: int, guesses: int, right: int, delta: float, alpha: float) -> float:
    return BOUNDS[bound](canaries, guesses, right, delta, alpha)
