"""Which training examples help and hurt a prediction of the recorded network, by their gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from byheart.base.errors import NotApplicable

if TYPE_CHECKING:
    from byheart.diagnosis.check import Evidence

FITTED = 2000  # training examples, evenly spaced, from which the curvature is taken: its cost is bounded
CHUNK = 4096  # training examples in memory at a time
BATCH = 256


def gradient_influence(evidence: Evidence, part: str, row: int) -> Float[np.ndarray, "n"]:
    """How much the loss of one example of a part would rise without each training example (n,), to first order.

    g_i^T (F + damping)^-1 g_j / n with EK-FAC's inverse of the empirical Fisher matrix (Grosse et al. 2023) of the
    trained network, in nats (regression: squared deviations); positive: it helps. Nothing is trained. Errors:
    NotApplicable without a run, or when its weights were not recorded.
    """
    import torch

    from byheart.runs.loop import one_thread
    from byheart.scores.gradients.ekfac import fit
    from byheart.scores.gradients.ekfac_pairs import query_blocks, values_of
    from byheart.scores.trained import trained

    task, run = evidence.task, evidence.run
    if run is None:
        raise NotApplicable("it needs a trained network: byheart.record(task)")
    network, n = trained(run, task), len(task.train)
    few = np.unique(np.linspace(0, n - 1, min(n, FITTED)).astype(int))
    with one_thread():
        fitted = fit(network, *task.tensors(task.train, few), task.loss)
        asked = task.tensors(getattr(task, part), np.array([row]))
        (query,) = query_blocks(network, asked, task.loss, fitted, BATCH)
        found = [
            values
            for begin in range(0, n, CHUNK)
            for values in values_of(
                network, query, task.tensors(task.train, np.arange(begin, min(begin + CHUNK, n))), task.loss, fitted,
                BATCH,
            )
        ]  # fmt: skip
    return torch.cat(found, 1)[0].double().numpy() / n


def helpful_and_harmful(
    evidence: Evidence, part: str, row: int, k: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The k other training examples that most help a prediction, and the k that most hurt it: id, value, label.

    Both are empty where there is no network to ask.
    """
    try:
        value = gradient_influence(evidence, part, row)
    except NotApplicable:
        return {}, {}
    if part == "train":
        value[row] = 0.0
    examples, order = evidence.task.train, np.argsort(value, kind="stable")
    helpful, harmful = order[::-1][:k], order[:k]
    chosen = helpful[value[helpful] > 0], harmful[value[harmful] < 0]
    first, second = ({"id": examples.ids[r], "value": value[r], "label": examples.targets[r]} for r in chosen)
    return first, second
