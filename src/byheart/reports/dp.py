"""Differential privacy in the section on privacy: what the accountant says, and beside it what canaries show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byheart.base.errors import NotApplicable

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit
    from byheart.privacy.dp_claim import Claim

LEFT_OUT = (
    "The accountant counts the steps of the training and nothing else: neither the scale of the inputs nor a learning "
    "rate that was tried on them."
)


def notes(audit: Audit) -> list[str]:
    """The accountant's epsilon, the audited one with its ceiling, and what neither covers; nothing without a claim."""
    found = held(audit)
    if found is None:
        return []
    epsilon, delta, claim = found
    said = f"Differential privacy: the accountant says epsilon {epsilon:.2f} at delta {delta:g}."
    if isinstance(claim, str):
        return [f"{said} It was not audited: {claim}.", LEFT_OUT]
    if not (claim.check.clean and claim.check.sharp):
        verdict = "This decides nothing: the audit fails its self-check."
    elif claim.refuted:
        verdict = "This refutes the claim (MEM011)."
    elif claim.audit.ceiling <= epsilon:
        verdict = "So few canaries cannot refute the claim."
    else:
        verdict = "This does not contradict the claim."
    return [
        f"{said} Audited: {claim.audit.shown}. {verdict} Guessed on: {claim.audit.policy}.",
        f"Self-check: {claim.check.shown}.",
        beside(claim),
        LEFT_OUT,
    ]


def beside(claim: Claim) -> str:
    """What the same guesses show where the mechanism is known to be Gaussian, and why it is no verdict."""
    one = claim.if_gaussian
    return (
        f"Were the mechanism Gaussian, the same canaries would show at least {one.epsilon:.2f} and could show "
        f"{one.ceiling:.2f}, by its whole trade-off curve (f-DP in one run, Mahloujifar et al. 2025). DP-SGD is nearly "
        f"Gaussian after many steps, not exactly: the bound before this one holds for any mechanism, and it alone "
        f"decides."
    )


def lines(audit: Audit) -> list[str]:
    """The two numbers in one sentence, and the self-check; nothing without a claim."""
    found = held(audit)
    if found is None:
        return []
    epsilon, delta, claim = found
    said = f"The accountant says epsilon {epsilon:.2f} at delta {delta:g}"
    if isinstance(claim, str):
        return [f"{said}, which was not audited: {claim}."]
    one = claim.audit
    return [
        f"{said}; {one.canaries:,} canaries show at least {one.epsilon:.2f} and could show {one.ceiling:.2f} (were "
        f"the mechanism Gaussian, {claim.if_gaussian.epsilon:.2f} and {claim.if_gaussian.ceiling:.2f}). Self-check: "
        f"{claim.check.shown}."
    ]


def content(audit: Audit) -> dict[str, Any] | None:
    """The same numbers for machines; None without a claim."""
    found = held(audit)
    if found is None:
        return None
    epsilon, delta, claim = found
    audited = (
        {"not_audited": claim}
        if isinstance(claim, str)
        else {
            "audited": claim.audit,
            "audited_if_gaussian": claim.if_gaussian,
            "self_check": claim.check,
            "clean": claim.check.clean,
            "sharp": claim.check.sharp,
        }
    )
    return {"epsilon": epsilon, "delta": delta} | audited


def held(audit: Audit) -> tuple[float, float, Claim | str] | None:
    """The accountant's epsilon and delta, and the audit of it or why there is none; None without a claim."""
    from byheart.privacy.dp_claim import audited, claimed

    run = audit.scores.run
    if run is None:
        return None
    try:
        epsilon, delta = claimed(run)
    except NotApplicable:
        return None
    try:
        return epsilon, delta, audited(run, audit.task)
    except NotApplicable as why:
        return epsilon, delta, str(why)
