"""The section on privacy: who could be recognized as having been trained on, in plain words, and the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.privacy.attacks import ATTACKS, Name
from byheart.privacy.leakage import ALARMS
from byheart.privacy.own_target import OwnTarget
from byheart.privacy.pooled import CLUSTERS, PRIORS, band
from byheart.reports import dp, exposed, own_target, privacy_groups
from byheart.reports.facts import split
from byheart.reports.words import between, count

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit
    from byheart.privacy.leakage import First, Leakage, Measured
    from byheart.privacy.pooled import At

DRAWN: tuple[Name, ...] = (
    "lira_online",
    "rmia_online",
    "loss",
)  # beside the first one
POINTS = 120  # of a drawn curve
HEADS = ["attack", "AUC [95 %]", "hits at 0.1 % false alarms", "hits at 1 %", "at other models' threshold for 1 %"]


def made(audit: Audit) -> Leakage | OwnTarget | str | None:
    """The attacks of an audit, or of one network, the reason why there are none, or None where nobody asked."""
    return audit.effects.get("privacy")


def section(audit: Audit) -> dict[str, Any] | None:
    """Words, table and whether there is a curve; None where nobody asked."""
    found = made(audit)
    if found is None or isinstance(found, str):
        nothing: dict[str, Any] = {name: [] for name in ("heads", "lines", "notes", "groups")}
        return None if found is None else {"text": [f"Not measured: {found}.", *canaries(audit)]} | nothing
    if isinstance(found, OwnTarget):
        return own_target.section(found)
    first = found.first.measured
    text = [headline(first, found.first.others), *accused(first), *at_risk(audit, found), *privacy_groups.remedy(audit)]
    order = sorted(found.attacks.values(), key=lambda m: (m is not first, -m.auc))
    text += canaries(audit)
    shown = {"text": text, "heads": HEADS, "lines": [line(m) for m in order], "notes": notes(found)}
    return shown | {"groups": privacy_groups.tables(found)}


def canaries(audit: Audit) -> list[str]:
    """What canaries that a coin inserted show: their exposure, and how a claim of differential privacy stands."""
    return [*exposed.notes(audit), *dp.notes(audit)]


def headline(first: Measured, others: int) -> str:
    """What the attack finds at the fewest false alarms that can be resolved, and nothing beyond."""
    at = resolved(first)
    if at is None:
        need = first.at[-1].rate.needed
        return (
            f"How many records could be recognized at few false alarms is not resolvable here: {count(others)} pairs "
            f"of a model and an example that it had not seen are too few, {count(need)} are needed for 1 %. Over all "
            f"thresholds the attack ranks a record that was trained on above another with chance "
            f"{between(first.auc, first.auc_low, first.auc_high)}, where .50 is guessing."
        )
    alarms = f"1 false alarm in {count(round(1 / at.fpr))}"
    interval = f"{100 * at.rate.value:.2f} % [{100 * at.low:.2f}, {100 * at.high:.2f}]"
    if not at.low > at.fpr:
        return f"At {alarms} no more records than by chance can be shown to be recognized: {interval} of them."
    return (
        f"{one_in(at.rate.value)} can be identified as having been trained on, at {alarms}: {interval}, where guessing "
        f"finds {100 * at.fpr:g} %."
    )


def accused(first: Measured) -> list[str]:
    """How far an accusation can be trusted, by how many of those asked about were trained on."""
    at = resolved(first)
    if at is None or not at.rate.value:
        return []
    said = [f"{100 * ppv:.0f} % if {100 * prior:g} % were" for ppv, prior in zip(at.ppv, PRIORS, strict=True)]
    return [f"How many of those accused so were trained on depends on all that are asked about: {', '.join(said)}."]


def at_risk(audit: Audit, found: Leakage) -> list[str]:
    """Which examples it is, and how it goes with memorization."""
    if found.first.risk is None:
        return [f"Single examples cannot be judged: {found.first.unresolved}."]
    finding = next((f for f in audit.findings if f.code == "MEM010"), None)
    many = f"{count(finding.count)} examples are" if finding and finding.count > 1 else "1 example is"
    parts = [f"{many} recognized in at least half of the models trained on them (MEM010)."] if finding else []
    if math.isfinite(found.memorization):
        parts.append(f"Risk goes with memorization: Spearman's rank correlation is {found.memorization:.2f}.")
    return [" ".join(parts)] if parts else []


def notes(found: Leakage) -> list[str]:
    """How it was measured, how far it can be trusted, and what was left out."""
    first = found.first
    own = first.measured.by_target[np.isfinite(first.measured.by_target)]
    many = (
        f"Each of the {first.models} subset models is attacked in turn with the others as references, on "
        f"{count(first.members)} pairs of a model with an example it was trained on and {count(first.others)} of one "
        f"with an example it was not. {found.chosen}"
    )
    if found.queries > 1:
        many += (
            f" Each was asked {found.queries} times about an example, as it is and changed, and believed on average."
        )
    if len(own):
        many += f" Over single models its AUC is from {own.min():.3f} to {own.max():.3f}."
    spread = f"Intervals hold over models trained so, and over records like these.{few(first)}"
    low, high, least, most = found.accuracy
    if math.isfinite(low):
        spread += (
            f" The models are right on {100 * low:.1f} to {100 * high:.1f} % of what they were trained on and on "
            f"{100 * least:.1f} to {100 * most:.1f} % of the rest; each saw fewer examples than one trained on all."
        )
    skipped = [f"{ATTACKS[name].title} was left out: it {why}." for name, why in found.skipped.items()]
    check = found.check.shown
    return [many, spread, f"Self-check: {check}.", *skipped]


def few(first: First) -> str:
    """A sentence, with a blank before it, where intervals over so few targets are uncertain; else nothing."""
    return f" Few clusters: fewer than {CLUSTERS} models make these intervals uncertain." if first.few else ""


def line(m: Measured) -> list[str]:
    """One row of the table."""
    shadow = m.at[-1]
    return [
        ATTACKS[m.attack].title,
        f"{m.auc:.3f} [{m.auc_low:.3f}, {m.auc_high:.3f}]",
        *(hits(at) for at in m.at),
        f"{100 * shadow.shadow_tpr:.2f} % at {100 * shadow.shadow_fpr:.2f} %" if shadow.rate.resolvable else "–",
    ]


def hits(at: At) -> str:
    """A rate with its interval, or how many it takes."""
    if not at.rate.resolvable:
        return f"needs {count(at.rate.needed)} non-members"
    return f"{100 * at.rate.value:.2f} % [{100 * at.low:.2f}, {100 * at.high:.2f}]"


def resolved(m: Measured) -> At | None:
    """The rate at the fewest false alarms that can be resolved."""
    return next((at for at in m.at if at.rate.resolvable), None)


def one_in(share: float) -> str:
    """A share of records in words: "1 in 20 records", "63 % of the records"."""
    if share >= 0.4:
        return f"{100 * share:.0f} % of the records"
    return f"1 in {count(round(1 / share))} records" if share > 0 else "None of the records"


def points(found: Leakage | OwnTarget) -> list[dict[str, Any]]:
    """The drawn curves: fpr, tpr and, of the first attack, the band; from one false alarm up."""
    if isinstance(found, OwnTarget):
        return own_target.points(found)
    first = found.first.measured
    names: list[Name] = list(dict.fromkeys([first.attack, *DRAWN]))
    fprs = np.geomspace(1 / max(found.first.others, 2), 1, POINTS)
    made: list[dict[str, Any]] = []
    for name in names:
        if name not in found.attacks:
            continue
        curve = found.attacks[name].curve
        tpr = curve.tpr[np.searchsorted(curve.fpr, fprs + 1e-12, side="right") - 1]
        low, high = band(curve, fprs) if name == first.attack else (np.full(POINTS, np.nan),) * 2
        for x, y, a, b in zip(fprs, tpr, low, high, strict=True):
            if y > 0:
                made.append(
                    {"attack": ATTACKS[name].title, "fpr": x, "tpr": y, "low": max(min(a, y), fprs[0]), "high": b}
                )
    return made


def content(audit: Audit) -> dict[str, Any] | None:
    """The numbers for machines; the risk of single examples by id."""
    from byheart.reports.json import as_plain

    found = made(audit)
    if found is None or isinstance(found, str):
        beside = {"exposure": exposed.content(audit), "dp": dp.content(audit)}
        told = {name: one for name, one in beside.items() if one}
        return None if found is None else as_plain({"not_measured": found} | told)
    if isinstance(found, OwnTarget):
        return own_target.content(found, audit.scores.ids)
    first, single = found.first, found.first.risk
    attacks = {
        name: as_plain({"auc": m.auc, "auc_low": m.auc_low, "auc_high": m.auc_high, "left_out": m.left_out,
                        "by_target": m.by_target, "at": m.at})
        for name, m in found.attacks.items()
    }  # fmt: skip
    return as_plain({
        "first": first.measured.attack, "models": first.models, "members": first.members, "others": first.others,
        "few_clusters": first.few, "attacks": attacks, "skipped": dict(found.skipped), "variance": found.variance,
        "a": found.a, "temperature": found.temperature, "queries": found.queries, "accuracy": found.accuracy,
        "with_memorization": found.memorization,
        "self_check": found.check, "clean": found.check.clean, "sharp": found.check.sharp,
        "planted_leak": found.check.outcome,
        "groups": privacy_groups.content(found), "exposure": exposed.content(audit), "dp": dp.content(audit),
        "risk": None if single is None else {"ids": audit.scores.ids, "value": single.value, "se": single.se},
    })  # fmt: skip


def measures(audit: Audit) -> dict[str, float]:
    """What --fail-on can hold against a limit; rates that cannot be resolved are left out."""
    found = made(audit)
    if found is None or isinstance(found, str):
        return {}
    if isinstance(found, OwnTarget):
        return own_target.measures(found)
    first = found.first.measured
    rates = {f"tpr@{100 * at.fpr:g}%": at.rate.value for at in first.at if at.rate.resolvable}
    return {"attack_auc": first.auc} | rates


def unknown(audit: Audit) -> dict[str, str]:
    """Why --fail-on finds no number for a measure of privacy; said as the end of a sentence that its name begins."""
    found = made(audit)
    names = ["attack_auc", *(f"tpr@{100 * fpr:g}%" for fpr in ALARMS)]
    if found is None or isinstance(found, str):
        why = "was not measured: " + ("--privacy measures it" if found is None else found)
        return dict.fromkeys(names, why)
    if isinstance(found, OwnTarget):
        return own_target.unknown(found)
    first = found.first
    return {
        f"tpr@{100 * at.fpr:g}%": (
            f"is not resolvable with {count(first.others)} non-members, needs at least {count(at.rate.needed)}"
        )
        for at in first.measured.at
        if not at.rate.resolvable
    }


def lines(audit: Audit) -> list[str]:
    """The section in a few sentences, for the terminal and Markdown; nothing where nobody asked."""
    found = made(audit)
    if found is None or isinstance(found, str):
        return [] if found is None else [f"Not measured: {found}.", *exposed.notes(audit), *dp.lines(audit)]
    if isinstance(found, OwnTarget):
        return own_target.lines(found)
    first, name = found.first.measured, ATTACKS[found.first.measured.attack].title
    area = f"{name}: AUC {first.auc:.3f} [{first.auc_low:.3f}, {first.auc_high:.3f}]"
    return [
        split(headline(first, found.first.others))[0],
        f"{area}.{few(found.first)} Self-check: {found.check.shown}.",
        *privacy_groups.lines(found),
        *exposed.notes(audit),
        *dp.lines(audit),
    ]
