"""The section on privacy of a network that was trained elsewhere: what one target gives away, and leaves open."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.privacy.attacks import ATTACKS
from byheart.privacy.pooled import PRIORS
from byheart.privacy.roc import Rate, precision
from byheart.reports.words import between, count

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.privacy.own_target import OnTarget, OwnTarget
    from byheart.runs.run import Run
    from byheart.runs.subsets import SubsetRuns

POINTS = 120  # of a drawn curve
HEADS = ["attack", "AUC [95 %]", "hits at 0.1 % false alarms", "hits at 1 %"]
ONE = (
    "One network was attacked: its intervals hold over records, not over trainings, and another training of the same "
    "network may give away more or less."
)


def attacked(run: Run, task: Task, many: SubsetRuns) -> OwnTarget | str:
    """The attacks on a network that is trained already, or why they cannot be made."""
    from byheart.base.errors import NotApplicable
    from byheart.privacy.own_target import own_target
    from byheart.runs.single import scaled

    logits = np.concatenate([run[f"final_{part}logits"] for part in ("", "validation_", "test_")])
    goals = scaled(task, np.concatenate([task.train.targets, task.held_out.targets]))
    try:
        return own_target(logits, goals, many, run.record.seed)
    except NotApplicable as why:
        return str(why)


def section(found: OwnTarget) -> dict[str, Any]:
    """Words, table and notes, placed like those of an audit of many targets."""
    first = found.first
    order = sorted(found.attacks.values(), key=lambda one: (one is not first, -one.auc))
    rows = [[ATTACKS[one.attack].title, area(one), *map(hits, one.rates)] for one in order]
    text = [headline(found), *accused(first), ONE]
    return {"text": text, "heads": HEADS, "lines": rows, "notes": notes(found), "groups": []}


def headline(found: OwnTarget) -> str:
    """What the attack finds at the fewest false alarms that can be resolved, and nothing beyond."""
    from byheart.reports.privacy import one_in

    first, rate = found.first, resolved(found.first)
    if rate is None:
        return (
            f"How many records could be recognized at few false alarms is not resolvable here: {count(found.others)} "
            f"held-out records are too few, {count(first.rates[-1].needed)} are needed for 1 %. Over all thresholds "
            f"the attack ranks a record that was trained on above another with chance "
            f"{between(first.auc, first.auc_low, first.auc_high)}, where .50 is guessing."
        )
    alarms = "1 false alarm in 1,000" if rate is first.rates[0] else "1 false alarm in 100"
    if not rate.low > rate.asked:
        return f"At {alarms} no more records than by chance can be shown to be recognized: {hits(rate)} of them."
    return f"{one_in(rate.value)} can be identified as having been trained on, at {alarms}: {hits(rate)}."


def accused(first: OnTarget) -> list[str]:
    """How far an accusation can be trusted, by how many of those asked about were trained on."""
    rate = resolved(first)
    if rate is None or not rate.value:
        return []
    alarms = 0.001 if rate is first.rates[0] else 0.01
    said = [f"{100 * precision(rate.value, alarms, prior):.0f} % if {100 * prior:g} % were" for prior in PRIORS]
    return [f"How many of those accused so were trained on depends on all that are asked about: {', '.join(said)}."]


def notes(found: OwnTarget) -> list[str]:
    """How it was measured, how far it can be trusted, and what was left out."""
    value, low, high = found.apart
    how = (
        f"The network was attacked with {found.models} subset models of the same recipe as references, on "
        f"{count(found.members)} training records and {count(found.others)} held-out ones; only references that have "
        f"not seen a record are asked about it. {ATTACKS[found.first.attack].title} "
        f"({ATTACKS[found.first.attack].source}) is read first, with a = {found.a:g}."
    )
    if not math.isfinite(value):
        check = "Whether training and held-out records differ on their own could not be told."
    elif low <= 0.5 <= high:
        check = (
            f"Self-check: on records that neither side was trained on the attack reads AUC {value:.3f} [{low:.3f}, "
            f"{high:.3f}], as it should."
        )
    else:
        part = (
            "part of what is read above is this, not membership" if value > 0.5 else "what is read above is too little"
        )
        check = (
            f"Self-check: training and held-out records differ on their own, AUC {value:.3f} [{low:.3f}, {high:.3f}] "
            f"on references that were trained on neither: {part}."
        )
    own, others, least, most, low_out, high_out = found.accuracy
    parts = [how, check, checked(found)]
    if math.isfinite(own):
        parts.append(
            f"The network is right on {100 * own:.1f} % of its training records and {100 * others:.1f} % of held-out "
            f"ones, the references on {100 * least:.1f} to {100 * most:.1f} % and {100 * low_out:.1f} to "
            f"{100 * high_out:.1f} %: the less alike they are, the weaker is the attack."
        )
    return [*parts, *(f"{ATTACKS[name].title} was left out: it {why}." for name, why in found.skipped.items())]


def checked(found: OwnTarget) -> str:
    """What the attack reads where the outcome is known."""
    if found.check is None:
        return "Shuffled membership and a planted leak could not be tried: there are too few records."
    return f"The same attack on known outcomes: {found.check.shown}."


def lines(found: OwnTarget) -> list[str]:
    """The section in a few sentences, for the terminal and Markdown."""
    from byheart.reports.facts import split

    first = found.first
    return [
        split(headline(found))[0],
        f"{ATTACKS[first.attack].title}: AUC {area(first)}. {' '.join(notes(found)[1:3])}",
    ]


def content(found: OwnTarget, ids: np.ndarray) -> dict[str, Any]:
    """The numbers for machines; what the first attack says of each training example by id."""
    from byheart.reports.json import as_plain

    attacks = {
        name: as_plain({"auc": one.auc, "auc_low": one.auc_low, "auc_high": one.auc_high, "at": one.rates})
        for name, one in found.attacks.items()
    }
    return as_plain({
        "first": found.first.attack, "target": "checkpoint", "models": found.models, "members": found.members,
        "others": found.others, "attacks": attacks, "skipped": dict(found.skipped), "a": found.a,
        "accuracy": found.accuracy, "apart": found.apart, "self_check": found.check,
        "clean": None if found.check is None else found.check.clean,
        "sharp": None if found.check is None else found.check.sharp,
        "planted_leak": None if found.check is None else found.check.outcome,
        "scores": {"ids": ids, "value": found.scores},
    })  # fmt: skip


def measures(found: OwnTarget) -> dict[str, float]:
    """What --fail-on can hold against a limit; rates that cannot be resolved are left out."""
    rates = zip(("tpr@0.1%", "tpr@1%"), found.first.rates, strict=True)
    return {"attack_auc": found.first.auc} | {name: rate.value for name, rate in rates if rate.resolvable}


def unknown(found: OwnTarget) -> dict[str, str]:
    """Why there is no number for a measure."""
    return {
        name: f"is not resolvable with {count(found.others)} non-members, needs at least {count(rate.needed)}"
        for name, rate in zip(("tpr@0.1%", "tpr@1%"), found.first.rates, strict=True)
        if not rate.resolvable
    }


def points(found: OwnTarget) -> list[dict[str, Any]]:
    """The drawn curves of the first attack and of the loss: fpr and tpr, from one false alarm up."""
    fprs = np.geomspace(1 / max(found.others, 2), 1, POINTS)
    made: list[dict[str, Any]] = []
    for one in (found.first, found.attacks["loss"]):
        tpr = one.curve.tpr[np.searchsorted(one.curve.fpr, fprs + 1e-12, side="right") - 1]
        made += [
            {"attack": ATTACKS[one.attack].title, "fpr": x, "tpr": y, "low": math.nan, "high": math.nan}
            for x, y in zip(fprs, tpr, strict=True)
            if y > 0
        ]
    return made


def resolved(one: OnTarget) -> Rate | None:
    """The rate at the fewest false alarms that can be resolved."""
    return next((rate for rate in one.rates if rate.resolvable), None)


def hits(rate: Rate) -> str:
    """A rate with its interval, or how many it takes."""
    if not rate.resolvable:
        return f"needs {count(rate.needed)} non-members"
    return f"{100 * rate.value:.2f} % [{100 * rate.low:.2f}, {100 * rate.high:.2f}]"


def area(one: OnTarget) -> str:
    """Such as: 0.734 [0.701, 0.760]."""
    return f"{one.auc:.3f} [{one.auc_low:.3f}, {one.auc_high:.3f}]"
