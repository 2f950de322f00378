"""Leakage: what membership attacks find out from models that were trained anyway, each of them a target in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.stats import spearmanr

from byheart.base.errors import NotApplicable
from byheart.privacy import lira, pooled
from byheart.privacy.answers import Answers
from byheart.privacy.attacks import ATTACKS, Name, possible, trusted
from byheart.privacy.group_risk import GroupRisk, group_risks
from byheart.privacy.leave_one_out import GAMMA, chosen_a, scores
from byheart.privacy.pairs import partners
from byheart.privacy.pooled import CLUSTERS, At, Curve
from byheart.privacy.risk import Risk, risk
from byheart.privacy.roc import LEAST_ALARMS, auc_by_ranks
from byheart.privacy.self_check import SelfCheck, self_check

ALARMS = (0.001, 0.01)  # the false-alarm rates that are reported
RISK_AT = 0.01  # the false-alarm rate of the rule by which single examples are accused


@dataclass(frozen=True, eq=False)
class Measured:
    """One attack over all targets: pooled AUC with its 95% interval, hits at 0.1% and 1% false alarms, the curve.

    `by_target` (targets,) are the AUCs of single targets, NaN where one side is empty; `left_out` is the share of
    pairs without a reference on a side that the attack needs.
    """

    attack: Name
    auc: float
    auc_low: float
    auc_high: float
    at: tuple[At, ...]
    curve: Curve
    by_target: Float[np.ndarray, "targets"]
    left_out: float


@dataclass(frozen=True, eq=False)
class First:
    """The attack that is trusted with so many references, and the risk of single examples by it.

    `risk` is None when the audit cannot resolve one false alarm in a hundred.
    """

    models: int
    members: int
    others: int
    measured: Measured
    risk: Risk | None

    @property
    def few(self) -> bool:
        """Whether there are too few targets for a bootstrap over them to be called one."""
        return self.models < CLUSTERS

    @property
    def unresolved(self) -> str:
        """Why no single example can be judged; "" when they can."""
        if self.risk is not None:
            return ""
        need = int(np.ceil(LEAST_ALARMS / RISK_AT))
        return f"{self.others:,} non-members do not resolve {RISK_AT:.0%} false alarms: it takes {need:,} or more"


@dataclass(frozen=True, eq=False)
class Leakage:
    """All attacks, `skipped` ones with the reason, the first of them apart, self-checks, and the setting.

    `accuracy` holds the least and largest mean accuracy of a model on what it was trained on, and on what it was not.
    `memorization` is Spearman's correlation of risk and memorization, NaN without either. `groups` holds the risk by
    whatever the examples were grouped by ("class", "group"), the riskiest first; nothing where no example is judged.
    `temperature` is that of the probabilities which RMIA read, None where these are of no softmax; `queries` says how
    often each model was asked about an example.
    """

    first: First
    attacks: Mapping[Name, Measured]
    skipped: Mapping[Name, str]
    check: SelfCheck
    variance: lira.Variance
    a: float
    accuracy: tuple[float, float, float, float]
    memorization: float
    temperature: float | None
    queries: int = 1
    groups: Mapping[str, tuple[GroupRisk, ...]] = field(default_factory=dict)

    @property
    def chosen(self) -> str:
        """Why this attack comes first, in a sentence."""
        name, references = self.first.measured.attack, self.first.models - 2
        return (
            f"{ATTACKS[name].title} ({ATTACKS[name].source}) is read first because there are {references} reference "
            f"models; LiRA's variance is {self.variance}, RMIA has gamma {GAMMA:g}, {self.heat} and, offline, "
            f"a = {self.a:g}."
        )

    @property
    def heat(self) -> str:
        """At which temperature RMIA read the answers."""
        if self.temperature is None:
            return "exp(-error / 2) for a probability"
        return f"temperature {self.temperature:g}"


def first_look(answers: Answers) -> First:
    """The trusted attack alone: what a check needs. Errors: NotApplicable when no pair of targets can be made."""
    return _first(answers, _paired(answers))[0]


def leakage(
    answers: Answers, right: Float[np.ndarray, "models n"] | None = None,
    memorization: Float[np.ndarray, "n"] | None = None, names: Mapping[str, Shaped[np.ndarray, "n"]] | None = None,
) -> Leakage:  # fmt: skip
    """Every attack that so many models allow. `right` says which answers are correct, NaN where nothing can be.

    `names` says of what each example is one, {"class": labels, "group": groups}: risk is told for each of these.
    Errors: NotApplicable when no pair of targets can be made.
    """
    partner, references = _paired(answers), answers.models - 2
    first, said = _first(answers, partner)
    reasons = possible(references)
    a = chosen_a(answers, partner)
    found = {first.measured.attack: first.measured}
    for name in ATTACKS:
        if not reasons[name] and name not in found:
            found[name] = measured(answers, partner, name, a)[0]
    return Leakage(
        first,
        {name: found[name] for name in ATTACKS if name in found},
        {name: why for name, why in reasons.items() if why},
        self_check(answers, first.measured.attack),
        lira.default_variance(references),
        a,
        _accuracy(answers, right),
        _together(first.risk, memorization),
        answers.temperature,
        1 + len(answers.again),
        _by_group(first, said, answers.member, names or {}),
    )


def measured(
    answers: Answers, partner: Int[np.ndarray, "models n"], attack: Name, a: float | None = None
) -> tuple[Measured, Float[np.ndarray, "models n"]]:
    """One attack over all targets, and its scores. Errors: NotApplicable when no pair has the references it needs."""
    said = scores(answers, partner, attack, a=a)
    known, attacked = np.isfinite(said) | np.isinf(said), partner >= 0
    if not known.any():
        raise NotApplicable(f"{ATTACKS[attack].title} found no example with references on both sides")
    curve, value = pooled.curve(said, answers.member), pooled.auc(said, answers.member)
    own = [
        auc_by_ranks(row[k], m[k]) if 0 < m[k].sum() < k.sum() else np.nan
        for row, m, k in zip(said, answers.member, known, strict=True)
    ]
    low, high = pooled.auc_interval(curve, value, said, answers.member)
    rates = tuple(pooled.at(curve, said, answers.member, fpr) for fpr in ALARMS)
    left_out = 1 - float(known.sum() / attacked.sum())
    return Measured(attack, value, low, high, rates, curve, np.array(own, np.float64), left_out), said


def _paired(answers: Answers) -> np.ndarray:
    partner = partners(answers.member, answers.ids)
    if not (partner >= 0).any():
        raise NotApplicable(f"{answers.models} models: no example is in one of them and not in another")
    return partner


def _first(answers: Answers, partner: np.ndarray) -> tuple[First, np.ndarray]:
    found, said = measured(answers, partner, trusted(max(answers.models - 2, 0)))
    members, others = int(found.curve.members.sum()), int(found.curve.others.sum())
    at = next(one for one in found.at if one.fpr == RISK_AT)
    single = risk(said, answers.member, at.rate.threshold) if at.rate.resolvable else None
    return First(answers.models, members, others, found, single), said


def _by_group(
    first: First, said: np.ndarray, member: np.ndarray, names: Mapping[str, np.ndarray]
) -> dict[str, tuple[GroupRisk, ...]]:
    if first.risk is None:
        return {}
    threshold = next(one for one in first.measured.at if one.fpr == RISK_AT).rate.threshold
    return {by: group_risks(said, member, threshold, RISK_AT, of) for by, of in names.items()}


def _accuracy(answers: Answers, right: np.ndarray | None) -> tuple[float, float, float, float]:
    if right is None or np.isnan(right).all():
        return nan, nan, nan, nan
    seen, unseen = (
        [float(np.mean(row[side])) for row, side in zip(right, chosen, strict=True) if side.any()]
        for chosen in (answers.member, ~answers.member)
    )
    return min(seen), max(seen), min(unseen), max(unseen)


def _together(found: Risk | None, memorization: np.ndarray | None) -> float:
    if found is None or memorization is None:
        return nan
    known = np.isfinite(found.value) & np.isfinite(memorization)
    if known.sum() < 3 or np.ptp(found.value[known]) == 0 or np.ptp(memorization[known]) == 0:
        return nan
    return float(np.asarray(spearmanr(found.value[known], memorization[known])[0]))
