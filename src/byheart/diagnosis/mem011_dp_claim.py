"""MEM011: a claim of differential privacy that canaries refute."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.privacy.dp_audit import guessed_right, needed
from byheart.privacy.dp_claim import audited, canaries_of


@check("MEM011", title="dp claim not supported", severity="error", needs="network")
def dp_claim(evidence: Evidence) -> Finding | None:
    """A training that leaks more than its accountant allows, shown by canaries that were inserted each by a coin.

    The claim is the epsilon that the training kept (the method dp_sgd does). The canaries (--plant coin-canaries=1000)
    have wrong labels; those with the least loss at the end are guessed to be in, those with the most to be out, and
    more right guesses than the claim allows refute it with 95% confidence (Steinke, Nasr and Jagielski 2023, theorem
    5.2; how often to guess is one of two numbers fixed beforehand, by Bonferroni). The larger bound for Gaussian
    mechanisms (Mahloujifar, Melis and Chaudhuri 2025) is told and decides nothing; an audit that fails its own
    self-check decides nothing either. Nothing found is no proof of privacy: the bound is one from below. Named are the
    inserted canaries that were guessed right.
    """
    assert evidence.run is not None
    task, claim = evidence.task, audited(evidence.run, evidence.task)
    if not (claim.check.clean and claim.check.sharp):
        raise NotApplicable(f"the audit of epsilon {claim.epsilon:.2f} fails its self-check: {claim.check.shown}")
    if claim.audit.ceiling <= claim.epsilon:
        raise NotApplicable(
            f"epsilon {claim.epsilon:.2f} is claimed, and even perfect guesses on {claim.audit.canaries} canaries show "
            f"only {claim.audit.ceiling:.2f}: it takes about {needed(claim.epsilon):,}"
        )
    if not claim.refuted:
        return None
    canaries, _ = canaries_of(task)
    hit = guessed_right(claim.scores, claim.inserted, claim.audit.guesses)
    order = np.flatnonzero(hit)[np.argsort(-claim.scores[hit], kind="stable")]
    text = (
        f"The accountant says epsilon {claim.epsilon:.2f} at delta {claim.delta:g}, and {claim.audit.shown}; guessed "
        f"on: {claim.audit.policy}. Were it a Gaussian mechanism, {claim.if_gaussian.epsilon:.2f} would be shown."
    )
    do = (
        "do not publish it as private: look for what the accounting leaves out, such as another sampling, gradients "
        "that are not each example's own, less noise, or a second pass over the same examples"
    )
    table = {"given": canaries.targets[order], "loss": -claim.scores[order]}
    return Finding(
        "MEM011", "dp claim not supported", "error", canaries.ids[order], len(task.train), text, do, table
    )  # fmt: skip
