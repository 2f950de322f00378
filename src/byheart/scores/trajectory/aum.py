"""aum: the area under the margin.

AUM(i) = mean over presentations of z[y] - max over k != y of z[k], raw logits (Pleiss et al. 2020, equation 1). Low =
suspect; any number of logits; free. `aum_over_threshold` says how low a wrong label lies.

A trap: in a run that goes on until all is memorized, the margin of wrong labels grows and AUM fails; `cumulative_loss`
does not.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.scores.score import score
from byheart.scores.trajectory.presented import mean, of_classes


@score(
    "aum",
    needs="trajectory",
    higher="more typical",
    direction=-1,
    unit="logits",
    range=(-np.inf, np.inf),
    cost="free",
    finds="mislabelled and ambiguous examples (low)",
    source="Pleiss et al. 2020, equation 1",
)
def aum(margin: Float[np.ndarray, "epochs n"]) -> Float[np.ndarray, "n"]:
    """Mean margin (n,) over presentations; NaN where never seen."""
    of_classes(margin, "aum")
    return mean(margin)
