"""How large a share was memorized, and how large it would look by chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import wilson
from byheart.scores.subset.null import FEWEST_MODELS, MEMORIZED, memorized_share
from byheart.scores.subset.tally import tally

if TYPE_CHECKING:
    from byheart.scores.table import Scores

BLOCKS = 10
SOFT = 0.1
MODELS = "at least 20 subset models: a larger --budget, or byheart.record_subsets(task, models=20)"


def memorized(scores: Scores) -> np.ndarray:
    """Ids (k,) of the examples with memorization >= .25, the most memorized first; NotApplicable without that score."""
    if "memorization" not in scores.columns:
        raise NotApplicable(f"the score memorization is missing: {scores.skipped.get('memorization', MODELS)}")
    values = np.asarray(scores.columns["memorization"], float)
    rows = np.flatnonzero(values >= MEMORIZED)
    return np.asarray(scores.ids)[rows[np.argsort(-values[rows], kind="stable")]]


def shares(evidence: Evidence) -> dict[str, Measure]:
    """Share memorized, its null and the difference: from raw estimates of at least 20 models, else the share alone
    from the shrunk ones.
    """
    null, excess = missing("null", MODELS, "share"), missing("excess", MODELS)
    if evidence.many is None or evidence.many.models < FEWEST_MODELS:
        values = evidence.optional("memorization")
        return {"share": counted("share", values, 0.0, "from shrunk estimates"), "null": null, "excess": excess}
    member, value = matrix(evidence)
    beside = memorized_share(member, value, MEMORIZED)
    share = counted("share", raw(member, value), jackknifed(member, value), f"raw estimates of {len(member)} models")
    low, high = max(beside.null - 1.96 * beside.null_sd, 0.0), min(beside.null + 1.96 * beside.null_sd, 1.0)
    null = Measure(
        "null", beside.null, beside.null_sd, low, high, beside.n, "answers dealt to other models", kind="share"
    )
    if share.known:
        size, error = share.value - null.value, math.hypot(share.se, null.se)
        excess = Measure(
            "excess", size, error, size - 1.96 * error, size + 1.96 * error, share.n, "share minus its null"
        )
    return {"share": share, "null": null, "excess": excess}


def matrix(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Membership (models, n) and what is compared (models, n): correctness, or for regression minus the loss."""
    many, n = evidence.many, len(evidence.task.train)
    assert many is not None
    member = np.asarray(many["member"], bool)
    if evidence.task.is_classification:
        return member, np.asarray(many["correct"][:, :n], np.float32)
    return member, -np.asarray(many["loss"][:, :n], np.float32)


def raw(member: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Mean of value (models, n) over models with the example minus over models without it, (n,); NaN where one is
    empty.
    """
    sums = tally(member, value)
    return sums.mean_in - sums.mean_out


def counted(name: str, values: np.ndarray, model_error: float, text: str) -> Measure:
    """Share of values >= .25 with an interval over examples and models: Wilson's, at the count that has their joint
    error.
    """
    values = values[np.isfinite(values)]
    n = len(values)
    if n == 0:
        return missing(name, MODELS, "share")
    hits = int((values >= MEMORIZED).sum())
    p = hits / n
    row_error = p * (1 - p) / n
    size = n * row_error / (row_error + model_error**2) if row_error > 0 else n
    _, low, high = wilson(p * size, size)
    return Measure(name, p, (high - low) / 3.92, low, high, n, f"{hits} of {n}, {text}", kind="share")


def jackknifed(member: np.ndarray, value: np.ndarray) -> float:
    """Standard error of the share from the models: delete-a-block jackknife over 10 blocks of models.

    The threshold is softened (normal, deviation .1), since the jackknife is inconsistent for counts of what is above
    a line.
    """
    from scipy.special import ndtr

    blocks = np.arange(len(member)) % BLOCKS
    without = []
    for block in range(BLOCKS):
        kept = blocks != block
        without.append(float(np.nanmean(ndtr((raw(member[kept], value[kept]) - MEMORIZED) / SOFT))))
    return math.sqrt((BLOCKS - 1) / BLOCKS * float(((np.array(without) - np.mean(without)) ** 2).sum()))
