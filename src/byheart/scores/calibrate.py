"""What a score is worth: held against a truth that is known."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import rankdata


def auroc(truth: Bool[np.ndarray, "n"], values: Float[np.ndarray, "n"]) -> float:
    """Probability that a random example of the truth has a higher value than a random other one, ties counted half.

    0 to 1; .5 says nothing, 1 is perfect. Examples without a value (NaN) are left out; NaN when one side is then empty.
    Source: Mann and Whitney (1947), by midranks.
    """
    known = ~np.isnan(values)
    truth, values = truth[known], values[known]
    inside, outside = int(truth.sum()), int((~truth).sum())
    if not inside or not outside:
        return float("nan")
    above = rankdata(values)[truth].sum() - inside * (inside + 1) / 2
    return float(above / (inside * outside))
