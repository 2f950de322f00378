"""Which training examples help and hurt a prediction of the recorded network, by their gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from byheart.base.errors import NotApplicable

if TYPE_CHECKING:
    from byheart.diagnosis.check import Evidence

FITTED = 2000  # training examples, evenly spaced, from which the curvature is taken: its cost is bounded
CHUNK = 4096  # training examples in memory at a time
BATCH = 256


@dataclass(frozen=True, eq=False)
class Kin:
    """The training examples that most help a prediction, and those that most hurt it: id, value, label of each;
    `notes` say how their gradients were read. Empty where there is no network to ask.
    """

    helpful: dict[str, np.ndarray] = field(default_factory=dict)
    harmful: dict[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def gradient_influence(evidence: Evidence, part: str, row: int) -> Float[np.ndarray, "n"]:
    """How much the loss of one example of a part would rise without each training example (n,), to first order.

    Units, source and errors: those of `gradient_influences`.
    """
    return gradient_influences(evidence, part, np.array([row]))[0][0]


def gradient_influences(
    evidence: Evidence, part: str, rows: Int[np.ndarray, "r"]
) -> tuple[Float[np.ndarray, "r n"], tuple[str, ...]]:
    """How much the loss of each of some examples of a part would rise without each training example (r, n), to first
    order, and notes on how gradients were read; the curvature is fitted once for all of them.

    g_i^T (F + damping)^-1 g_j / n with EK-FAC's inverse of the empirical Fisher matrix (Grosse et al. 2023) of the
    trained network, in nats (regression: squared deviations); positive: it helps. Nothing is trained. Errors:
    NotApplicable without a run, or when its weights were not recorded.
    """
    import torch

    from byheart.runs.loop import one_thread
    from byheart.scores.gradients.ekfac import SHARE, fit
    from byheart.scores.gradients.ekfac_pairs import query_blocks, values_of
    from byheart.scores.gradients.notes import damped, read_slowly
    from byheart.scores.trained import trained

    task, run = evidence.task, evidence.run
    if run is None:
        raise NotApplicable("it needs a trained network: byheart.record(task)")
    network, n = trained(run, task), len(task.train)
    few = np.unique(np.linspace(0, n - 1, min(n, FITTED)).astype(int))
    with one_thread():
        fitted = fit(network, *task.tensors(task.train, few), task.loss)
        asked, found = task.tensors(getattr(task, part), rows), []
        for queries in query_blocks(network, asked, task.loss, fitted, BATCH):
            values = [
                some
                for begin in range(0, n, CHUNK)
                for some in values_of(
                    network, queries, task.tensors(task.train, np.arange(begin, min(begin + CHUNK, n))), task.loss,
                    fitted, BATCH,
                )
            ]  # fmt: skip
            found.append(torch.cat(values, 1))
    return torch.cat(found).double().numpy() / n, (damped(fitted.damping, SHARE), *read_slowly(fitted.slow))


def helpful_and_harmful(evidence: Evidence, part: str, row: int, k: int) -> Kin:
    """The k other training examples that most help a prediction, and the k that most hurt it."""
    return helpful_and_harmful_of(evidence, part, np.array([row]), k)[0]


def helpful_and_harmful_of(evidence: Evidence, part: str, rows: Int[np.ndarray, "r"], k: int) -> list[Kin]:
    """For each of some predictions what `helpful_and_harmful` gives, at the cost of one fit."""
    try:
        values, notes = gradient_influences(evidence, part, rows)
    except NotApplicable:
        return [Kin() for _ in rows]
    if part == "train":
        values[np.arange(len(rows)), rows] = 0.0
    return [Kin(most(evidence, value, -value, k), most(evidence, value, value, k), notes) for value in values]


def most(
    evidence: Evidence, value: Float[np.ndarray, "n"], key: Float[np.ndarray, "n"], k: int
) -> dict[str, np.ndarray]:
    """The k training examples of least `key`, those below 0: id, value, label."""
    examples, order = evidence.task.train, np.argsort(key, kind="stable")[:k]
    rows = order[key[order] < 0]
    return {"id": examples.ids[rows], "value": value[rows], "label": examples.targets[rows]}
