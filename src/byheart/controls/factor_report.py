"""What each cause alone does to memorization: the effects of a sweep's factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from byheart.base.errors import UsageError
from byheart.controls.paired import apart, error_of, paired_rows
from byheart.controls.swept import Sweep
from byheart.controls.vary import Factor
from byheart.diagnosis.uncertainty import UNKNOWN, Interval, normal, of_seeds

WORDS = ("more", "less", "not resolved")


@dataclass(frozen=True)
class FactorEffect:
    """What changing one factor from its first level to another does, all else equal.

    `memorized` is the change of what the sweep measures (the share memorized, the share of wrong labels fitted, or the
    gap), `test` that of test accuracy (loss), each with its 95% interval; `pairs` counts the settings with which it was
    measured: one where factors are changed one at a time, several in a grid, where it is the main effect.
    """

    factor: str
    before: str
    after: str
    memorized: Interval
    test: Interval
    pairs: int

    @property
    def direction(self) -> str:
        """more, less or not resolved: what the change does to memorization."""
        return WORDS[0] if self.memorized.low > 0 else WORDS[1] if self.memorized.high < 0 else WORDS[2]


def factor_report(sweep: Sweep) -> tuple[FactorEffect, ...]:
    """The effect of every level of every factor against its first, in the order of the sweep.

    Seeds share their data and their start, so that differences are within seeds; a seed that diverged in one of a pair
    counts for neither. Errors: UsageError for a sweep in which nothing was changed.
    """
    found = [effect(sweep, f, text) for f in sweep.factors for text in f.texts[1:]]
    if not found:
        raise UsageError("Every factor of this sweep has one level.", do="give a second: size=1000,100")
    return tuple(found)


def effect(sweep: Sweep, factor: Factor, text: str) -> FactorEffect:
    """The effect of one level."""
    pairs = pairs_of(sweep, factor, text)
    first, then = (np.array(rows) for rows in zip(*pairs, strict=True))
    known = np.isfinite(sweep.test[np.concatenate([first, then])]).all((0, 2))
    before, after = (sweep.test[rows].mean(0)[known] for rows in (first, then))
    test = paired_rows(before, after, sweep.metric == "accuracy") if known.sum() > 1 else UNKNOWN
    return FactorEffect(factor.name, factor.texts[0], text, memorized(sweep, pairs), test, len(pairs))


def memorized(sweep: Sweep, pairs: Sequence[tuple[int, int]]) -> Interval:
    """The mean change of what is memorized over these pairs of settings."""
    if sweep.measure == "memorized":  # measured once for all seeds, by models of its own for each setting
        table = sweep.table[["memorized", "memorized_low", "memorized_high"]].to_numpy(float)
        alone = [apart(Interval(*table[a]), Interval(*table[b])) for a, b in pairs]
        variance = sum(error_of(one) ** 2 for one in alone) / len(alone) ** 2
        return normal(float(np.mean([one.value for one in alone])), variance)
    return of_seeds(np.mean([sweep.memorized[b] - sweep.memorized[a] for a, b in pairs], 0))


def pairs_of(sweep: Sweep, factor: Factor, text: str) -> list[tuple[int, int]]:
    """Rows of the settings that differ in nothing but this factor's level: the first, then this one."""
    names = [f.name for f in sweep.factors]
    place = {tuple(levels): row for row, levels in enumerate(sweep.table[names].astype(str).to_numpy())}
    at = names.index(factor.name)
    found = []
    for levels, row in place.items():
        other = (*levels[:at], text, *levels[at + 1 :])
        if levels[at] == factor.texts[0] and other in place:
            found.append((row, place[other]))
    return found


def table_of(effects: Sequence[FactorEffect]) -> pd.DataFrame:
    """One row per effect: factor, before, after, the two changes with their intervals, pairs and direction."""
    rows = []
    for one in effects:
        row = {name: value for name, value in asdict(one).items() if not isinstance(value, Interval)}
        for name in ("memorized", "test"):
            value, low, high = getattr(one, name)
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row | {"direction": one.direction})
    return pd.DataFrame(rows)
