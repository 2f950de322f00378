from __future__ import annotations

import numpy as np

from byheart.data.subsets import masks
from byheart.privacy.answers import Answers


def answers(n: int, models: int, shift: float = 1.5, seed: int = 0, share: float = 0.7, member=None) -> Answers:
    """Signals of examples that differ in level and spread, and in how much higher a model's is that trained on them:
    by `shift` on average, much for a few and nothing for many.
    """
    g = np.random.default_rng(seed)
    member = masks(n, models, seed, share) if member is None else member
    level, spread, leak = g.normal(2, 2, n), g.uniform(0.5, 1.5, n), g.gamma(0.3, 1 / 0.3, n)
    phi = level + shift * leak * member + spread * g.normal(size=(models, n))
    return Answers(
        member, np.logaddexp(0, -phi).astype(np.float32), phi.astype(np.float32),
        (1 / (1 + np.exp(-phi / 2))).astype(np.float32), np.arange(n),
    )  # fmt: skip
