"""aum_over_threshold: the area under the margin, measured from what a wrong label can reach.

Two further runs give n // (K + 1) random examples an extra class K, which nothing but learning by heart can answer. The
99th percentile of their AUM is the threshold t of that run; aum_over_threshold(i) = max over the runs in which i kept
its label of AUM(i) - t (Pleiss et al. 2020). At or below zero, in both runs, is the authors' rule for a wrong label.
Logits, any number; low = suspect; `byheart.runs.threshold_samples` records the two runs.

Traps: where classes overlap, the rule finds nearly all wrong labels and accuses many right ones; AUM's own is here too.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from byheart.base.errors import NotApplicable
from byheart.scores.score import score
from byheart.scores.trajectory.presented import mean, of_classes

PERCENTILE = 99.0


@score(
    "aum_over_threshold",
    needs="threshold samples",
    higher="more typical",
    direction=-1,
    unit="logits above the threshold",
    range=(-np.inf, np.inf),
    cost="two more trainings",
    finds="mislabelled examples (at or below zero)",
    source="Pleiss et al. 2020, threshold samples",
    by_column=False,
)
def aum_over_threshold(
    threshold_margin: Float[np.ndarray, "epochs n 2"], threshold_sample: Bool[np.ndarray, "2 n"]
) -> Float[np.ndarray, "n"]:
    """AUM (n,) above the threshold, the larger of the runs that judge the example; NaN where one never saw it.

    Errors: NotApplicable when a run saw none of its threshold samples.
    """
    of_classes(threshold_margin[:, :, 0], "aum_over_threshold")
    above = []
    for margin, extra in zip(np.moveaxis(threshold_margin, 2, 0), threshold_sample, strict=True):
        values = mean(margin)
        if np.isnan(values[extra]).all():
            raise NotApplicable("a run saw none of its threshold samples; train it for more epochs")
        own = values - np.nanpercentile(values[extra], PERCENTILE)
        own[extra] = -np.inf  # these had the extra class here: the other run alone judges them
        above.append(own)
    return np.maximum(*above)
