"""A model of one's own as the target: was it trained on its training examples more recognizably than on others?

Members are the training examples, non-members held-out ones that neither the target nor any reference model has seen.
Only references without an example are asked about it, and about a held-out example only as many of them, drawn as if
it had been dealt like the others: what is counted, or averaged, must not tell the two sets apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Shaped

from byheart.base.errors import NotApplicable
from byheart.base.seeds import spawn
from byheart.data.subsets import BLOCK, masks
from byheart.privacy import pooled
from byheart.privacy.answers import Answers, answers_of, asked_at, signals
from byheart.privacy.attacks import ATTACKS, Name, possible
from byheart.privacy.delong import auc_interval
from byheart.privacy.leakage import ALARMS
from byheart.privacy.leave_one_out import against, chosen_a
from byheart.privacy.own_check import own_check
from byheart.privacy.pairs import partners
from byheart.privacy.roc import Rate, Roc, auc_by_ranks, roc, tpr_at
from byheart.privacy.self_check import SelfCheck
from byheart.runs.evidence import read
from byheart.runs.subsets import ALL_LOGITS

if TYPE_CHECKING:
    from byheart.runs.subsets import SubsetRuns

FIRST: Name = "rmia_offline"  # the strongest with few references, by benchmarks/attacks.py; chosen before any result
ONLINE = "reads models that were trained on an example, and no reference was trained on those that are held out"


@dataclass(frozen=True, eq=False)
class OnTarget:
    """One attack on one target: AUC with its 95% interval over examples, exact rates at 0.1% and 1% false alarms."""

    attack: Name
    auc: float
    auc_low: float
    auc_high: float
    rates: tuple[Rate, ...]
    curve: Roc


@dataclass(frozen=True, eq=False)
class OwnTarget:
    """All attacks on one target, the first one's scores of the training examples (n,), and what checks them.

    `apart` is the first attack's AUC, with its interval over references, where each reference in turn is the target and
    neither side was trained on: what training and held-out examples differ in on their own. `accuracy` holds the target
    on its training and on held-out examples, then the least and largest reference on what it saw and on what not.
    `check` is `own_check` of the first attack, None where examples are too few for it.
    """

    models: int
    members: int
    others: int
    attacks: Mapping[Name, OnTarget]
    skipped: Mapping[Name, str]
    scores: Float[np.ndarray, "n"]
    apart: tuple[float, float, float]
    accuracy: tuple[float, float, float, float, float, float]
    a: float
    check: SelfCheck | None

    @property
    def first(self) -> OnTarget:
        """The attack that is read first."""
        return self.attacks[FIRST]


def own_target(
    logits: Float[np.ndarray, "both k"], goals: Shaped[np.ndarray, "both"], many: SubsetRuns, seed: int = 0
) -> OwnTarget:
    """The attacks on a model that answers training, then held-out examples with `logits`; `many` are its references.

    `goals` are the targets of these examples on the scale of the outputs. Errors: NotApplicable without held-out
    examples.
    """
    n, held = many.n, len(many.test_ids)
    if held < 2:
        raise NotApplicable("there are no held-out examples that the target has not seen")
    everything = both(many, seed)
    target, right = answered(logits, goals, everything, many)
    reasons: dict[Name, str] = {
        name: why or (ONLINE if name.endswith("online") else "") for name, why in possible(many.models).items()
    }
    mine = answers_of(many)
    a = chosen_a(mine, partners(mine.member, mine.ids))
    said: dict[Name, np.ndarray] = {}
    attacks: dict[Name, OnTarget] = {}
    for name, why in reasons.items():
        if not why:
            said[name] = against(target, everything, name, a=a)
            attacks[name] = on_target(name, said[name], target.member[0])
    return OwnTarget(
        many.models, n, held, attacks, {name: why for name, why in reasons.items() if why}, said[FIRST][:n],
        apart(everything, target.member[0], a), _accuracy(right, many), a,
        own_check(target, everything, FIRST, a, spawn(seed, "self-check")),
    )  # fmt: skip


def both(many: SubsetRuns, seed: int) -> Answers:
    """What the references say of training and held-out examples; `member` of the latter is dealt like the others'.

    A reference that is dealt a held-out example has not seen it, and is not asked either.
    """
    share = round(BLOCK * float(np.mean(many["member"]))) / BLOCK
    dealt = masks(len(many.test_ids), many.models, spawn(seed, "held-out examples"), share)
    loss = np.asarray(many["loss"], np.float32)
    phi, probability = np.empty_like(loss), np.empty_like(loss)
    targets = np.concatenate([many.targets, many.test_targets])
    for k, row in enumerate(loss):
        logits = many["logits"][k] if 0 < many.classes <= ALL_LOGITS else None
        phi[k], probability[k] = signals(row, logits, targets, many.classes)
    ids = np.concatenate([[f"train {i}" for i in many.ids], [f"held out {i}" for i in many.test_ids]])
    member = np.concatenate([np.asarray(many["member"]), dealt], 1)
    return Answers(member, loss, phi, probability, ids, temperature=asked_at(many.classes))


def answered(
    logits: Float[np.ndarray, "both k"], goals: Shaped[np.ndarray, "both"], references: Answers, many: SubsetRuns
) -> tuple[Answers, Float[np.ndarray, "both"]]:
    """The target's own answers, its members being the training examples, and which of them are right."""
    columns = read(logits, goals, many.classes)
    kept = logits.astype(np.float16) if 0 < many.classes <= ALL_LOGITS else None  # as the references' are kept
    phi, probability = signals(columns["loss"], kept, goals, many.classes)
    loss, phi, probability = (np.asarray(x, np.float32)[None] for x in (columns["loss"], phi, probability))
    member = np.arange(len(logits))[None] < many.n
    mine = dataclasses.replace(references, member=member, loss=loss, phi=phi, probability=probability)
    return mine, columns["correct"].astype(np.float64)


def on_target(name: Name, said: Float[np.ndarray, "both"], member: Bool[np.ndarray, "both"]) -> OnTarget:
    """AUC, rates and curve; examples without a reference are left out. Errors: NotApplicable when all of a side are."""
    known = ~np.isnan(said)
    if not member[known].any() or member[known].all():
        raise NotApplicable(f"{ATTACKS[name].title} found no example with references on both sides")
    curve = roc(said[known], member[known])
    value = auc_by_ranks(said[known], member[known])
    return OnTarget(name, value, *auc_interval(said, member, value), tuple(tpr_at(curve, x) for x in ALARMS), curve)


def apart(everything: Answers, trained: Bool[np.ndarray, "both"], a: float) -> tuple[float, float, float]:
    """Each reference in turn as the target, on examples that it was not trained on: .5 where both sets are alike."""
    said = np.full(everything.member.shape, np.nan)
    for k in range(everything.models):
        rows = np.flatnonzero(~everything.member[k])
        rest = np.delete(np.arange(everything.models), k)
        if possible(len(rest))[FIRST] or trained[rows].all() or not trained[rows].any():
            continue
        target = dataclasses.replace(part(everything, np.array([k]), rows), member=trained[None, rows])
        said[k, rows] = against(target, part(everything, rest, rows), FIRST, a=a)
    sides = np.broadcast_to(trained, said.shape)
    known = ~np.isnan(said)
    if not (known & sides).any() or not (known & ~sides).any():
        return float("nan"), float("nan"), float("nan")
    value = pooled.auc(said, sides)
    return value, *pooled.auc_interval(pooled.curve(said, sides), value, said, sides)


def part(answers: Answers, models: np.ndarray, rows: np.ndarray) -> Answers:
    """The answers of some models about some examples."""
    chosen = {name: getattr(answers, name)[np.ix_(models, rows)] for name in ("member", "loss", "phi", "probability")}
    return dataclasses.replace(answers, **chosen, ids=answers.ids[rows])


def _accuracy(right: np.ndarray, many: SubsetRuns) -> tuple[float, float, float, float, float, float]:
    member, shadows = np.asarray(many["member"]), np.asarray(many["correct"], np.float64)
    seen = [row[: many.n][m].mean() for row, m in zip(shadows, member, strict=True)]
    unseen = [row[many.n :].mean() for row in shadows]
    own = (right[: many.n].mean(), right[many.n :].mean())
    return tuple(float(x) for x in (*own, min(seen), max(seen), min(unseen), max(unseen)))  # type: ignore[return-value]
