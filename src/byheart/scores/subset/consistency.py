"""consistency: how often the models that did not train on an example are right on it.

The C-score of Jiang, Zhang, Talwar and Mozer (2021) at the subset ratio that was trained, P(right on i | i not in the
training set). One sentence: could the other examples have told this one's label? Range 0 to 1, higher = more regular,
so less in need of memorizing; 95% interval of Agresti and Coull. Cost: none beyond the subset models.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped

from byheart.base.errors import NotApplicable
from byheart.scores.score import Estimate, score
from byheart.scores.subset.interval import frequency
from byheart.scores.subset.tally import tally


@score(
    "consistency",
    needs="subset",
    higher="more regular",
    unit="share of models",
    range=(0.0, 1.0),
    cost="none beyond the subset models",
    finds="exceptions (low) and regular examples (high)",
    source="Jiang et al. 2021",
)
def consistency(
    member: Bool[np.ndarray, "models n"],
    many_correct: Float[np.ndarray, "models n"],
    targets: Shaped[np.ndarray, "n"],
) -> Estimate:
    """Share of the models without the example that are right on it, (n,); NaN where every model has it."""
    if targets.dtype.kind == "f":
        raise NotApplicable("regression has no right and wrong; read memorization, in units of the loss")
    sums = tally(member, many_correct)
    return frequency(sums.sum_out, sums.n_out)
