"""held_out_label_probability: the probability that the models without an example give to its label.

Mean over those models of softmax(z)[label] = exp(-cross-entropy). One sentence: what the others think of this label.
Range 0 to 1, low = the label looks wrong or the example is an exception; Student's t interval over the models.
Cost: none beyond the subset models.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped

from byheart.base.errors import NotApplicable
from byheart.scores.score import Estimate, score
from byheart.scores.subset.interval import mean


@score(
    "held_out_label_probability",
    needs="subset",
    higher="the label fits better",
    unit="probability",
    range=(0.0, 1.0),
    cost="none beyond the subset models",
    finds="wrong labels and exceptions (low)",
    source="cross-validated self-confidence, Northcutt et al. 2021",
)
def held_out_label_probability(
    member: Bool[np.ndarray, "models n"],
    many_loss: Float[np.ndarray, "models n"],
    targets: Shaped[np.ndarray, "n"],
) -> Estimate:
    """Mean probability of the label over the models without the example, (n,); one model alone has no error."""
    if targets.dtype.kind == "f":
        raise NotApplicable("a regression target has no probability")
    return mean(np.where(member, np.nan, np.exp(-many_loss.astype(np.float64))), 0.0, 1.0)
