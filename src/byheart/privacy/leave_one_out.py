"""Every model in turn as the target, the others as references: scores of all targets in one pass of running sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import norm

from byheart.base.errors import UsageError
from byheart.privacy import lira, loss_attacks, rmia
from byheart.privacy.answers import Answers
from byheart.privacy.attacks import Name, possible
from byheart.privacy.pairs import halves
from byheart.privacy.roc import auc_by_ranks
from byheart.runs.matrices import room

ROUNDING = 1e-12  # of the largest sum of squares: what is below is a difference of equal numbers
TIE = 1e-7  # less than one other of the largest pool
# One target's ROC does not depend on gamma, but for ties; that of pooled targets does. At the paper's 2 the scores of
# sure members stand on the few smallest ratios of the pool, another few for each target: on digits with wrong labels
# and 20 models AUC is .68 and thresholds of other models call 1.7% where they should 1%; at 1 .72 and 1.0%.
GAMMA = 1.0
GRID = tuple(np.linspace(0, 1, 11))


def scores(
    answers: Answers, partner: Int[np.ndarray, "models n"], attack: Name, variance: lira.Variance | None = None,
    a: float | None = None,
) -> Float[np.ndarray, "models n"]:  # fmt: skip
    """What an attack says of every model and example (models, n), high for members; NaN where a model is not attacked.

    References of a model and an example are all models but this one and its `partner` there. Variance of LiRA: by
    default that of `lira.default_variance`; `a` of offline RMIA: by default `chosen_a`. Of several queries each is
    attacked on its own and the scores averaged, which for LiRA is the mean log ratio (Carlini et al. 2022); for RMIA it
    is log R, since the paper's vote over queries needs the table of all pairs. One float64 matrix is kept beside the
    answers, on disk if it is large. Errors: UsageError for too few models.
    """
    references = answers.models - 2
    if why := possible(references)[attack]:
        raise UsageError(f"The attack {attack} {why}.", do="record more subset models")
    every = (answers, *answers.again)
    if attack == "attack_r":
        each = [_attack_r(one, partner) for one in every]
        return each[0] if len(each) == 1 else np.mean(each, axis=0)
    found = room(answers.member.shape, np.float64)
    found.fill(np.nan)
    by_target: dict[Name, Callable[[Target], np.ndarray]] = {
        "loss": lambda t: -t.loss,
        "attack_p": lambda t: _attack_p(t.loss, t.member, t.half),
        "calibrated": lambda t: t.outside.mean - t.loss,
        "lira_offline": lambda t: norm.logcdf(t.phi, t.outside.mean, t.outside.deviation),
        "lira_online": lambda t: (
            norm.logpdf(t.phi, t.inside.mean, t.inside.deviation)
            - norm.logpdf(t.phi, t.outside.mean, t.outside.deviation)
        ),
        "rmia_offline": lambda t: rmia.against_outside(t.probability, t.outside.mean, chosen),
        "rmia_online": lambda t: rmia.against_both(t.probability, t.inside.mean, t.outside.mean),
    }
    chosen = (chosen_a(answers, partner) if a is None else a) if attack == "rmia_offline" else 0.0
    what = {"lira_offline": "phi", "lira_online": "phi", "rmia_offline": "probability", "rmia_online": "probability"}
    variance = variance or lira.default_variance(references)
    for asked in zip(*(_targets(one, partner, what.get(attack, "loss"), variance) for one in every), strict=True):
        k, rows, target = asked[0]
        said = [by_target[attack](one) for _, _, one in asked]
        if attack.startswith("rmia"):
            found[k, rows] = _rmia(_centre(said), target.member, target.half)
        else:
            found[k, rows] = np.mean(said, axis=0)
    return found


def _centre(ratios: list[np.ndarray]) -> np.ndarray:
    """The geometric mean of each example's ratios; a single one as it is."""
    return ratios[0] if len(ratios) == 1 else np.exp(np.mean(np.log(np.maximum(ratios, rmia.TINY)), axis=0))


def chosen_a(answers: Answers, partner: Int[np.ndarray, "models n"]) -> float:
    """The `a` of offline RMIA in 0, .1, ..., 1 that attacks the first model best, by AUC; one number for all targets.

    Zarifzadeh et al. 2024 choose it so, on a reference model; here the first model is one of the targets too.
    """
    for _, _, t in _targets(answers, partner, "probability", "pooled"):
        known = np.isfinite(t.outside.mean)
        if t.member[known].any() and not t.member[known].all():
            ratio = [rmia.against_outside(t.probability[known], t.outside.mean[known], float(a)) for a in GRID]
            return float(GRID[int(np.argmax([auc_by_ranks(r, t.member[known]) for r in ratio]))])
    return rmia.OFFLINE_A


@dataclass(frozen=True, eq=False)
class Side:
    """Mean and standard deviation (rows,) of the references on one side; NaN where there are none."""

    mean: Float[np.ndarray, "rows"]
    deviation: Float[np.ndarray, "rows"]


@dataclass(frozen=True, eq=False)
class Target:
    """One target's own answers and its references' on the rows where it is attacked."""

    member: Bool[np.ndarray, "rows"]
    loss: Float[np.ndarray, "rows"]
    phi: Float[np.ndarray, "rows"]
    probability: Float[np.ndarray, "rows"]
    half: Bool[np.ndarray, "rows"]
    inside: Side
    outside: Side


def _targets(
    answers: Answers, partner: Int[np.ndarray, "models n"], what: str, variance: lira.Variance
) -> Iterator[tuple[int, np.ndarray, Target]]:
    """Each target, its rows, and what its references say of `what`: sums over all models less two of them."""
    values = getattr(answers, what)
    centre = values.mean(0, dtype=np.float64)
    half = halves(answers.ids)
    count, total, squares = (np.zeros((2, len(centre))) for _ in range(3))
    for row, inside in zip(values, answers.member, strict=True):
        moved = row - centre
        for side in (0, 1):
            here = inside == bool(side)
            count[side] += here
            total[side] += np.where(here, moved, 0.0)
            squares[side] += np.where(here, moved**2, 0.0)
    for k, member in enumerate(answers.member):
        rows = np.flatnonzero(partner[k] >= 0)
        own, other = values[k, rows] - centre[rows], values[partner[k, rows], rows] - centre[rows]
        sides = []
        for side in (0, 1):
            without = np.where(member[rows] == bool(side), own, other)
            n, s, q = count[side, rows] - 1, total[side, rows] - without, squares[side, rows] - without**2
            mean = np.divide(s, n, out=np.full(len(rows), np.nan), where=n > 0)
            spread = q - np.where(n > 0, n * np.nan_to_num(mean) ** 2, q)
            spread[spread < ROUNDING * squares.max()] = 0.0
            sides.append(Side(mean + centre[rows], lira.deviation(n.astype(int), spread, variance)))
        loss, phi, p = (a[k, rows].astype(np.float64) for a in (answers.loss, answers.phi, answers.probability))
        yield k, rows, Target(member[rows], loss, phi, p, half[rows], inside=sides[1], outside=sides[0])


def _rmia(ratio: np.ndarray, member: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Share of the others z in the other half with R(x) / R(z) > gamma, ties broken by R(x).

    Halves, because a pool that holds x itself only where it is no member tells that it is none: by one place in it,
    which where many scores tie made the attack read AUC .46 where nothing leaks.
    """
    found = np.full(len(ratio), np.nan)
    for here, pool in _pools(ratio, member, half):
        beaten = np.searchsorted(pool, ratio[here] / GAMMA, side="left")
        found[here] = beaten / len(pool) + TIE * ratio[here] / (1 + ratio[here])
    return found


def _attack_p(loss: np.ndarray, member: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Share of the others in the other half whose loss is above, ties counting half."""
    found = np.full(len(loss), np.nan)
    for here, pool in _pools(-loss, member, half):
        found[here] = _below(pool, -loss[here])
    return found


def _pools(values: np.ndarray, member: np.ndarray, half: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of either half, and the sorted values of the others in the other half; nothing where there are none."""
    known = np.isfinite(values)
    for side in (False, True):
        pool = np.sort(values[known & ~member & (half != side)])
        if len(pool):
            yield np.flatnonzero(known & (half == side)), pool


def _below(pool: np.ndarray, values: np.ndarray) -> np.ndarray:
    return (np.searchsorted(pool, values, "left") + np.searchsorted(pool, values, "right")) / (2 * len(pool))


def _attack_r(answers: Answers, partner: np.ndarray) -> np.ndarray:
    """Attack-R of all targets, example by example: the models without it sorted once, one left out each time."""
    found = room(answers.member.shape, np.float64)
    found.fill(np.nan)
    for i in range(answers.member.shape[1]):
        targets = np.flatnonzero(partner[:, i] >= 0)
        loss = answers.loss[:, i].astype(np.float64)
        inside = answers.member[:, i]
        knots = np.concatenate([[0.0], np.sort(loss[~inside]), [1000.0]])
        left = len(knots) - 3  # references without the example
        if not left or not len(targets):
            continue
        x, gone = loss[targets], loss[np.where(inside[targets], partner[targets, i], targets)]
        at, place = np.searchsorted(knots, x, side="right"), np.searchsorted(knots, gone, side="right") - 1
        below = at - 1 - (place < at)  # which knot x is at or above, the one that is gone not counted
        before = np.where(place == at - 1, at - 2, at - 1)
        after = np.minimum(np.where(place == at, at + 1, at), len(knots) - 1)
        width = knots[after] - knots[before]
        part = np.divide(x - knots[before], width, out=np.zeros(len(x)), where=width > 0)
        found[targets, i] = 1 - np.clip((below + part) / (left + 1), 0, 1)
    return found


def against(
    target: Answers, shadows: Answers, attack: Name, variance: lira.Variance | None = None, a: float = rmia.OFFLINE_A
) -> Float[np.ndarray, "n"]:
    """What an attack says of one target of one's own (n,), all `shadows` being its references.

    `target` holds one model's answers. It must not be one of the shadows, and what it was trained on must have been
    chosen without looking at theirs. Errors: UsageError for too few shadows, or for several targets.
    """
    if target.models != 1:
        raise UsageError(f"{target.models} targets at once.", do="give the answers of one model")
    if why := possible(shadows.models)[attack]:
        raise UsageError(f"The attack {attack} {why}.", do="record more subset models")
    variance, member, inside = variance or lira.default_variance(shadows.models), target.member[0], shadows.member
    half = halves(target.ids)
    if attack.startswith("rmia"):
        asked = zip((target, *target.again), (shadows, *shadows.again), strict=True)
        return _rmia(_centre([_ratio(*pair, attack, a) for pair in asked]), member, half)
    if target.again:
        asked = zip((target, *target.again), (shadows, *shadows.again), strict=True)
        alone = [(replace(t, again=()), replace(s, again=())) for t, s in asked]
        return np.mean([against(*pair, attack, variance) for pair in alone], axis=0)
    loss, phi = (x[0].astype(np.float64) for x in (target.loss, target.phi))
    by_name: dict[Name, Callable[[], np.ndarray]] = {
        "loss": lambda: -loss,
        "attack_p": lambda: _attack_p(loss, member, half),
        "calibrated": lambda: loss_attacks.watson(loss, shadows.loss.astype(np.float64), inside),
        "attack_r": lambda: loss_attacks.attack_r(loss, shadows.loss.astype(np.float64), inside),
        "lira_offline": lambda: lira.offline(phi, shadows.phi, inside, variance),
        "lira_online": lambda: lira.online(phi, shadows.phi, inside, variance),
    }
    return by_name[attack]()


def _ratio(target: Answers, shadows: Answers, attack: Name, a: float) -> np.ndarray:
    """RMIA's R (n,) of one target."""
    p = target.probability[0].astype(np.float64)
    if attack == "rmia_offline":
        return rmia.ratio_offline(p, shadows.probability, shadows.member, a)
    return rmia.ratio_online(p, shadows.probability, shadows.member)
