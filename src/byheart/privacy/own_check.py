"""The two audits whose outcome is known, for one target: membership dealt anew, and a leak planted in half of it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from byheart.privacy.answers import Answers
from byheart.privacy.attacks import Name
from byheart.privacy.delong import auc_interval
from byheart.privacy.leave_one_out import against
from byheart.privacy.roc import auc_by_ranks
from byheart.privacy.self_check import SURER, SelfCheck, signal


def own_check(target: Answers, references: Answers, attack: Name, a: float, seed: int = 0) -> SelfCheck | None:
    """The attack on one target whose membership, as that of its references, was dealt anew among all examples; None
    where examples are too few for either side to be attacked.

    The leak is planted in a random half of either side, as one target has no other models to average over.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(target.ids))
    mine, others = (one.dealt(one.member[:, order]) for one in (target, references))
    member, said = mine.member[0], against(mine, others, attack, a=a)
    known = ~np.isnan(said)
    sides = [random.permutation(np.flatnonzero(known & side)) for side in (member, ~member)]
    if min(map(len, sides)) < 2:
        return None
    planted = np.concatenate([rows[: len(rows) // 2] for rows in sides])
    mine, others = (one.less_sure(np.where(one.member[:, planted], 0.0, SURER), planted) for one in (mine, others))
    found, expected = against(mine, others, attack, a=a), plainly(mine, others, attack, planted)
    inside = member[planted]
    if np.isnan(found[planted]).any() or np.isnan(expected).any():
        return None
    return SelfCheck(
        *_read(said, member), *_read(found[planted], inside), auc_by_ranks(expected, inside), int(known.sum()),
        "records",
    )  # fmt: skip


def plainly(target: Answers, references: Answers, attack: Name, at: Int[np.ndarray, "k"]) -> Float[np.ndarray, "k"]:
    """The target's signal less its mean over the references without an example (k,): no code of the attacks is in it;
    NaN without such a reference.
    """
    own, theirs = signal(target, attack, at)[0].astype(np.float64), signal(references, attack, at).astype(np.float64)
    if attack in ("loss", "attack_p"):
        return own
    outside = ~references.member[:, at]
    count = outside.sum(0)
    return own - np.divide((theirs * outside).sum(0), count, out=np.full(len(at), np.nan), where=count > 0)


def _read(said: Float[np.ndarray, "k"], member: Bool[np.ndarray, "k"]) -> tuple[float, float, float]:
    known = ~np.isnan(said)
    value = auc_by_ranks(said[known], member[known])
    return value, *auc_interval(said, member, value)
