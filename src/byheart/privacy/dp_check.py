"""Two audits of canaries whose outcome is known, made beside every audit: coins nobody saw, and coins that are told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from byheart.base.seeds import generator
from byheart.privacy.dp_audit import ALPHA, bonferroni

RARELY = 0.001  # how often chance may make an audit without a fault seem to have one
FAULT = (
    "do not trust this audit, it has a fault, as chance makes it seem once in a thousand; train with another seed, and "
    "report it if it stays"
)


@dataclass(frozen=True)
class DpCheck:
    """The bound where the coins are tossed anew, which no training has seen (`epsilon`, and `surely` what is left of it
    with 99.9% confidence), and where the scores tell the coins (`told`, of a `ceiling`).
    """

    epsilon: float
    surely: float
    told: float
    ceiling: float

    @property
    def clean(self) -> bool:
        """Whether nothing is found where nothing is, but for a chance of one in a thousand."""
        return not self.surely

    @property
    def sharp(self) -> bool:
        """Whether coins that are told are found, where any guesses could show them."""
        return self.told > 0 or not self.ceiling

    @property
    def shown(self) -> str:
        """What came of it and what to do, as the end of a sentence."""
        null = f"with the coins tossed anew the same audit shows {self.epsilon:.2f}"
        if not self.clean:
            return f"{null}, where no training has seen these coins: {FAULT}"
        if not self.sharp:
            return f"{null}, and {self.told:.2f} where the canaries tell their coins: {FAULT}"
        if self.epsilon:
            null += f", as chance does once in {1 / ALPHA:.0f}"
        return f"{null}, and {self.told:.2f} where the canaries tell their coins, as it should"


def dp_check(scores: Float[np.ndarray, "canaries"], delta: float, seed: int) -> DpCheck:
    """The audit of `dp_claim` on the same scores and coins that are tossed anew by the `seed`."""
    tossed = generator(seed, "coins tossed anew").random(len(scores)) < 0.5
    found = bonferroni(scores, tossed, delta=delta)
    surely = bonferroni(scores, tossed, delta=delta, alpha=RARELY)
    half = generator(seed, "coins that are told").permutation(len(scores)) < len(scores) // 2  # enough on either side
    told = bonferroni(scores + half * (np.ptp(scores) + 1), half, delta=delta)
    return DpCheck(found.epsilon, surely.epsilon, told.epsilon, told.ceiling)
