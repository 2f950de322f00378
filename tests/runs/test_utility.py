from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import byheart as bh
from byheart.base.errors import UsageError
from byheart.base.seeds import generator, spawn
from byheart.runs.utility import paired


@pytest.fixture(scope="module")
def effect(few, tmp_path_factory):
    wrong = few.train.ids[few.truth["wrong"]]
    return bh.utility(few, wrong, 3, tmp_path_factory.mktemp("utility"), jobs=1)


def test_it_is_what_retraining_by_hand_gives(few, effect, tmp_path):
    wrong = few.train.ids[few.truth["wrong"]]
    for k in range(3):
        arms = {"without": wrong, "random": few.train.ids[generator(0, "random", k).choice(200, 20, replace=False)]}
        for arm, ids in arms.items():
            run = bh.record(few, tmp_path / f"{arm}{k}", spawn(0, "pair", k), without=ids)
            held = np.concatenate([run["validation_correct"][-1], run["test_correct"][-1]])
            np.testing.assert_array_equal(held, getattr(effect, f"rows_{arm}")[k])
    assert np.isclose(effect.utility, effect.random.mean() - effect.without.mean())


def test_wrong_labels_are_worth_less_than_random_ones_and_two_workers_agree(few, effect, tmp_path):
    again = bh.utility(few, effect.ids[::-1], 3, tmp_path, jobs=2)
    np.testing.assert_array_equal(again.rows_without, effect.rows_without)
    assert effect.metric == "accuracy" and effect.se > 0
    assert np.isclose(effect.within(np.ones(60, bool))[0], effect.utility)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.integers(2, 40), st.integers(0, 1000))
def test_the_standard_error_is_seeds_and_rows_in_squares(pairs, rows, seed):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, pairs, rows))
    value, se = paired(a, b)
    d = b - a
    want = d.mean(1).var(ddof=1) / pairs + d.mean(0).var(ddof=1) / rows
    assert np.isclose(value, d.mean()) and np.isclose(se**2, want)
    order = random.permutation(rows)
    assert np.allclose(paired(a[:, order], b[:, order]), (value, se))


def test_the_interval_covers_when_rows_are_shared():
    """Rows differ in how much removal changes them; all pairs see the same rows. Seeds alone would cover far less."""
    random = np.random.default_rng(0)
    hits = seeds_only = 0
    for _ in range(400):
        by_row = random.normal(0, 1, 50)
        d = 0.3 + by_row[None] + random.normal(0, 0.3, (5, 50))
        value, se = paired(np.zeros_like(d), d)
        hits += abs(value - 0.3) <= 2 * se
        seeds_only += abs(value - 0.3) <= 2 * d.mean(1).std(ddof=1) / 5**0.5
    assert hits / 400 > 0.92 and seeds_only / 400 < 0.7


def test_impossible_questions_are_refused(few, effect, tmp_path):
    with pytest.raises(UsageError, match="no spread"):
        bh.utility(few, few.train.ids[:5], 1, tmp_path)
    with pytest.raises(UsageError, match="fewer than two classes"):
        bh.utility(few, few.train.ids[few.train.targets != 3], 2, tmp_path)
    with pytest.raises(UsageError, match="not in the training set"):
        bh.utility(few, [10**6], 2, tmp_path)


def test_an_arm_that_does_not_fit_is_named(few, tmp_path):
    from byheart.base.errors import RunError
    from byheart.base.store import write_arrays

    ids = few.train.ids[:10]
    bh.utility(few, ids, seeds=2, out=tmp_path, jobs=1)
    write_arrays(tmp_path / "without-01.safetensors", {"value": np.zeros(3, np.float32)})
    with pytest.raises(RunError, match=r"without-01.safetensors is damaged"):
        bh.utility(few, ids, seeds=2, out=tmp_path, jobs=1)
