"""Influence by blocks against a double loop, and planted influence."""

import numpy as np
import pytest

from byheart.scores.subset import influence


def ensemble(models: int = 60, n: int = 30, held: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Held-out example 3 is right when training example 7 is there; the rest is chance."""
    g = np.random.default_rng(seed)
    member, right = g.random((models, n)) < 0.7, (g.random((models, held)) < 0.5).astype(float)
    right[:, 3] = member[:, 7]
    return member, right


def slow(member: np.ndarray, right: np.ndarray) -> np.ndarray:
    """All pairs, one at a time."""
    return np.array([[right[m, j].mean() - right[~m, j].mean() for j in range(right.shape[1])] for m in member.T])


def test_pairs_equal_the_double_loop_whatever_the_block(monkeypatch):
    member, right = ensemble()
    matrix = slow(member, right)
    ids, held_ids, everyone = np.arange(30) + 100, np.array([f"t{j}" for j in range(20)]), np.ones(30, bool)
    whole = influence.pairs(member, right, ids, held_ids, everyone, limit=10_000)
    assert len(whole) == (matrix >= 0.15).sum() == influence.count_pairs(member, right)
    np.testing.assert_allclose(whole["influence"], np.sort(matrix[matrix >= 0.15])[::-1], atol=1e-12)
    monkeypatch.setattr(influence, "CHUNK_CELLS", 60)
    chunked = influence.pairs(member, right, ids, held_ids, everyone, limit=10_000)
    assert whole.equals(chunked)
    assert influence.pairs(member, right, ids, held_ids, everyone, limit=5).equals(whole.head(5))


def test_the_planted_pair_comes_first_with_an_interval_above_zero():
    member, right = ensemble()
    best = influence.pairs(member, right, np.arange(30), np.arange(20), np.ones(30, bool)).iloc[0]
    assert (best["id"], best["held_out_id"], best["influence"]) == (7, 3, 1.0)
    assert 0 < best["influence_low"] < best["influence"] <= best["influence_high"]


def test_only_the_examples_asked_about_are_paired():
    member, right = ensemble()
    among = np.zeros(30, bool)
    among[[2, 7]] = True
    assert set(influence.pairs(member, right, np.arange(30), np.arange(20), among)["id"]) <= {2, 7}


def test_an_example_in_every_model_has_no_pairs():
    member, right = ensemble()
    member[:, 7] = True
    found = influence.pairs(member, right, np.arange(30), np.arange(20), np.ones(30, bool))
    assert 7 not in set(found["id"])


def test_influence_on_one_example_counts_only_the_models_named():
    member, right = ensemble()
    counted = ~member[:, 0]
    found = influence.influence_on(member, right[:, 3], counted)
    expected = slow(member[counted][:, [7, 8]], right[counted][:, [3]])[:, 0]
    np.testing.assert_allclose(found.value[[7, 8]], expected)
    assert np.isnan(found.value[0])  # in none of the counted models
    assert np.nanargmax(found.value) == 7


def test_chance_finds_about_as_many_pairs_as_a_table_without_influence():
    g = np.random.default_rng(1)
    member, right = g.random((40, 200)) < 0.7, (g.random((40, 100)) < 0.5).astype(float)
    real, chance = influence.count_pairs(member, right), influence.pairs_by_chance(member, right)
    assert chance == pytest.approx(real, rel=0.2)
