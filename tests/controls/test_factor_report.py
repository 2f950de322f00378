"""The factor report against differences taken by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.controls.factor_report import factor_report, table_of
from byheart.controls.sweep import sweep
from byheart.diagnosis.uncertainty import of_seeds


def test_in_a_grid_an_effect_is_the_mean_over_the_other_factors(swept):
    dropout, hidden = factor_report(swept)
    rows = {(d, h): k for k, (d, h) in enumerate(zip(swept.table["dropout"], swept.table["hidden"], strict=True))}
    by_seed = [
        np.mean([swept.memorized[rows["0.4", h], k] - swept.memorized[rows["0", h], k] for h in ("4", "64")])
        for k in range(3)
    ]
    assert (dropout.factor, dropout.before, dropout.after, dropout.pairs) == ("dropout", "0", "0.4", 2)
    np.testing.assert_allclose(dropout.memorized, of_seeds(np.array(by_seed)))
    of_test = np.mean([swept.table["test"][rows[d, "64"]] - swept.table["test"][rows[d, "4"]] for d in ("0", "0.4")])
    assert hidden.test.value == pytest.approx(of_test)
    assert hidden.test.low < hidden.test.value < hidden.test.high


def test_a_direction_is_said_where_the_interval_leaves_zero(swept):
    known = np.array([[0.2, 0.3, 0.25], [0.6, 0.7, 0.7], [0.2, 0.3, 0.2], [0.6, 0.6, 0.6]])
    dropout, hidden = factor_report(dataclasses.replace(swept, memorized=known))
    assert (dropout.direction, hidden.direction) == ("not resolved", "more")
    assert factor_report(dataclasses.replace(swept, memorized=1 - known))[1].direction == "less"


def test_one_at_a_time_every_level_is_held_against_the_first(short, tmp_path):
    alone = sweep(short, {"hidden": ["4", "16"], "irrelevant": [0, 8, 16]}, 2, tmp_path, design="one-at-a-time", jobs=1)
    effects = factor_report(alone)
    assert [(e.factor, e.after, e.pairs) for e in effects] == [
        ("hidden", "16", 1), ("irrelevant", "8", 1), ("irrelevant", "16", 1)
    ]  # fmt: skip
    np.testing.assert_allclose(effects[2].memorized.value, (alone.memorized[2] - alone.memorized[0]).mean())
    table = table_of(effects)
    assert set(table["direction"]) <= {"more", "less", "not resolved"}
    assert {"factor", "before", "after", "memorized_low", "test_high", "pairs"} <= set(table.columns)


def test_one_seed_resolves_nothing(swept):
    one = dataclasses.replace(swept, memorized=swept.memorized[:, :1], test=swept.test[:, :1])
    assert {e.direction for e in factor_report(one)} == {"not resolved"}


def test_a_share_measured_once_for_all_seeds_has_the_error_of_its_measurement(swept):
    share = swept.table.assign(
        memorized=[0.1, 0.5, 0.1, 0.5], memorized_low=[0.0, 0.4, 0.0, 0.4], memorized_high=[0.2, 0.6, 0.2, 0.6]
    )
    effects = factor_report(dataclasses.replace(swept, measure="memorized", table=share))
    assert effects[1].memorized.value == pytest.approx(0.4)
    assert effects[1].memorized.low == pytest.approx(0.4 - np.hypot(0.1, 0.1) / np.sqrt(2))
    assert effects[1].direction == "more"


def test_a_seed_that_diverged_counts_for_neither(swept):
    test, memorized = swept.test.copy(), swept.memorized.copy()
    test[1, 2], memorized[1, 2] = np.nan, np.nan
    there = dataclasses.replace(swept, test=test[:, :2], memorized=memorized[:, :2])
    broken = factor_report(dataclasses.replace(swept, test=test, memorized=memorized))
    np.testing.assert_allclose(broken[1].memorized, factor_report(there)[1].memorized)
    np.testing.assert_allclose(broken[1].test, factor_report(there)[1].test)


def test_factors_of_one_level_have_no_effect(swept):
    single = dataclasses.replace(swept, factors=tuple(dataclasses.replace(f, texts=f.texts[:1]) for f in swept.factors))
    with pytest.raises(UsageError, match="second"):
        factor_report(single)
