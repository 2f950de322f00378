"""aum: the area under the margin, and its threshold from examples that were given an extra class.

AUM(i) = mean over presentations of z[y] - max over k != y of z[k], raw logits (Pleiss et al. 2020, equation 1). Low =
suspect; any number of logits; free.

Threshold: n // (K + 1) random examples get the extra class K; the 99th percentile of their AUM is what a wrong label
can reach, and examples at or below it are flagged. Two runs with disjoint threshold sets judge every example.
A trap: in a run that goes on until all is memorized, the margin of wrong labels grows and AUM fails; `cumulative_loss`
does not.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.scores.score import score
from byheart.scores.trajectory.presented import mean, of_classes

PERCENTILE = 99.0


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


def threshold_samples(targets: Int[np.ndarray, "n"], classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint sets of rows for the extra class, one a run: n // (classes + 1) rows each, ascending.

    Train run k on targets[sets[k]] = classes, with classes + 1 outputs, and give both AUMs to `flagged`.
    """
    count = len(targets) // (classes + 1)
    if count < 1:
        raise UsageError(f"{len(targets)} examples are too few for threshold samples of {classes} classes.")
    order = generator(seed, "threshold samples").permutation(len(targets))
    return np.sort(order[:count]), np.sort(order[count : 2 * count])


def flagged(
    first: Float[np.ndarray, "n"], second: Float[np.ndarray, "n"], sets: tuple[np.ndarray, np.ndarray]
) -> Bool[np.ndarray, "n"]:
    """Which examples (n,) are at or below the threshold, each judged by the runs in which it kept its label.

    `first` and `second` are the AUM of the two runs, `sets` the rows that had the extra class in each. An example that
    kept its label in both is flagged when both find it at or below their threshold, as in the authors' code. One
    without an AUM is not flagged. Errors: UsageError when no threshold sample of a run was seen.
    """
    judged = np.ones(len(first), bool)
    for values, rows in zip((first, second), sets, strict=True):
        if np.isnan(values[rows]).all():
            do = "give the sets that its labels were made with"
            raise UsageError("A run saw none of its threshold samples.", do=do)
        below = values <= np.nanpercentile(values[rows], PERCENTILE)
        below[rows] = True  # these had the extra class here: the other run alone judges them
        judged &= below
    return judged
