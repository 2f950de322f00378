"""What a run claims of its privacy, and what canaries say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from byheart.base.errors import NotApplicable
from byheart.data.examples import Examples
from byheart.privacy.dp_audit import OneRunAudit, bonferroni
from byheart.privacy.dp_check import DpCheck, dp_check
from byheart.runs.evidence import read
from byheart.runs.loop import outputs
from byheart.runs.single import scaled

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.runs.run import Run

FEWEST = 20  # canaries: fewer can show next to nothing


@dataclass(frozen=True, eq=False)
class Claim:
    """The accountant's `epsilon` at `delta`, the audit of it, its `check`, and the canaries' scores and coins, by id.

    `audit` holds for any mechanism and alone decides; `if_gaussian` is the same guesses' bound for a Gaussian one.
    """

    epsilon: float
    delta: float
    audit: OneRunAudit
    if_gaussian: OneRunAudit
    check: DpCheck
    scores: Float[np.ndarray, "canaries"]
    inserted: Bool[np.ndarray, "canaries"]

    @property
    def refuted(self) -> bool:
        """Whether the lower bound is above what is claimed."""
        return self.audit.epsilon > self.epsilon


def claimed(run: Run) -> tuple[float, float]:
    """The accountant's epsilon and its delta, as the training kept them. Errors: NotApplicable where none did."""
    if "dp_epsilon" not in run:
        raise NotApplicable("the training claims no privacy: --method dp_sgd=8 trains with epsilon 8")
    return float(run["dp_epsilon"]), float(run["dp_delta"])


def audited(run: Run, task: Task) -> Claim:
    """The claim of a run, held against the canaries of its task. Errors: NotApplicable without either."""
    epsilon, delta = claimed(run)
    scores, inserted = canary_scores(run, task)
    found = bonferroni(scores, inserted, delta=delta)
    if_gaussian = bonferroni(scores, inserted, delta=delta, bound="f_dp_gaussian")
    check = dp_check(scores, delta, run.record.seed)
    return Claim(epsilon, delta, found, if_gaussian, check, scores, inserted)


def canary_scores(run: Run, task: Task) -> tuple[Float[np.ndarray, "canaries"], Bool[np.ndarray, "canaries"]]:
    """Minus the loss of the final network on each canary, and which were inserted; by id, which no coin has decided, so
    that ties give nothing away.

    Errors: NotApplicable without canaries that were inserted by a coin.
    """
    canaries, inserted = canaries_of(task)
    logits = outputs(task, run.network(task), canaries)
    loss = read(logits, scaled(task, canaries.targets), task.classes)["loss"]
    return -loss.astype(np.float64), inserted


def canaries_of(task: Task) -> tuple[Examples, Bool[np.ndarray, "canaries"]]:
    """The canaries, by id, and which were inserted. Errors: NotApplicable where there are none, or few."""
    rows = np.flatnonzero(task.truth.get("coin_canary", np.zeros(len(task.train), bool)))
    if task.aside is None or len(rows) + len(task.aside) < FEWEST:
        raise NotApplicable(f"there are no {FEWEST} canaries: --plant coin-canaries=1000 inserts each by a coin")
    inside, outside = task.train.take(rows), task.aside
    inputs, targets, ids = (
        np.concatenate([getattr(part, name) for part in (inside, outside)]) for name in ("inputs", "targets", "ids")
    )
    order = np.argsort(ids, kind="stable")
    return Examples(inputs[order], targets[order], ids[order]), order < len(rows)
