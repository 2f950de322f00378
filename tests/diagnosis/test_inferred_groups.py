import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from byheart.base.errors import DataError
from byheart.diagnosis.inferred_groups import (
    InferredGroups,
    agreement,
    from_clusters,
    from_cross_mistakes,
    from_early_learning,
    from_held_out_mistakes,
    from_small_network,
)
from byheart.diagnosis.proportion import wilson


def test_mistakes_of_twins_of_held_out_networks_and_of_a_small_one():
    y = np.array([0, 1, 2, 0])
    first, second = 5.0 * np.eye(3)[[0, 1, 0, 0]], 5.0 * np.eye(3)[[0, 2, 2, 0]]
    found = from_cross_mistakes(first, second, y)
    assert found.groups.tolist() == ["0 right", "1 mistaken", "2 mistaken", "0 right"]
    assert found.exceptions.tolist() == [False, True, True, False] and "twins" in found.how
    for infer in (from_held_out_mistakes, from_small_network):
        assert infer(first, y).groups.tolist() == ["0 right", "1 right", "2 mistaken", "0 right"]
    assert from_small_network(first, y).how != from_held_out_mistakes(first, y).how


def test_what_is_learned_late():
    correct = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]], np.float16)
    y = np.array([3, 3, 5, 5])
    assert from_early_learning(correct, y, 2).groups.tolist() == ["3 early", "3 early", "5 late", "5 late"]
    found = from_early_learning(correct, y)  # from 25% to 100%: half way is 62.5%
    assert found.exceptions.tolist() == [False, False, False, True] and "epoch 3 of 4, when 75.0%" in found.how
    correct[2, 3] = np.nan
    assert not from_early_learning(correct, y, 3).exceptions[3]
    with pytest.raises(DataError, match="no epoch 9"):
        from_early_learning(correct, y, 9)


def test_clusters_find_the_rare_kind_of_each_class():
    random = np.random.default_rng(0)
    y, rare = np.arange(200) % 2, np.arange(200) % 20 < 4
    x = random.normal(0, 0.3, (200, 4)) + 3 * np.eye(4)[2 * y + rare]
    found = from_clusters(x, y)
    assert np.array_equal(found.exceptions, rare)
    assert sorted(set(found.groups.tolist())) == ["0 cluster 0", "0 cluster 1", "1 cluster 0", "1 cluster 1"]
    order = random.permutation(200)
    moved = from_clusters(x[order], y[order])
    assert np.array_equal(moved.exceptions, rare[order])
    assert not from_clusters(np.zeros((6, 2)), np.arange(6) % 2).exceptions.any()  # one point has one cluster


def test_agreement_against_a_loop_and_scikit_learn():
    random = np.random.default_rng(0)
    y, rare = random.integers(0, 2, 300), random.random(300) < 0.1
    said = rare ^ (random.random(300) < 0.05)
    true = np.where(rare, "rare", "usual")
    inferred = InferredGroups(np.array([f"{a} {b}" for a, b in zip(y, said, strict=True)]), said, "by hand")
    found = agreement(inferred, true, ["rare"])
    hits = sum(1 for a, b in zip(rare, said, strict=True) if a and b)
    assert (found.recall.value, found.recall.low, found.recall.high) == pytest.approx(wilson(hits, rare.sum()))
    assert (found.precision.value, found.precision.n) == (pytest.approx(hits / said.sum()), said.sum())
    assert found.adjusted_rand == pytest.approx(adjusted_rand_score(true, inferred.groups))


def test_agreement_of_the_same_groups_by_other_names_is_1_and_by_chance_0():
    random = np.random.default_rng(0)
    true = random.choice(["a", "b", "c"], 600)
    renamed = np.array([{"a": "x", "b": "y", "c": "z"}[g] for g in true])
    same = agreement(InferredGroups(renamed, true == "c", ""), true, ["c"])
    assert (same.adjusted_rand, same.recall.value, same.precision.value) == (1, 1, 1)
    assert same.adjusted_mutual == pytest.approx(1)
    chance = agreement(InferredGroups(random.permutation(renamed), random.random(600) < 0.3, ""), true, ["c"])
    assert abs(chance.adjusted_rand) < 0.02 and abs(chance.adjusted_mutual) < 0.02


def test_agreement_errors_and_nothing_inferred():
    none = InferredGroups(np.array(["x", "x"]), np.zeros(2, bool), "")
    true = np.array(["a", "b"])
    assert agreement(none, true, ["b"]).recall.value == 0 and not agreement(none, true, ["b"]).precision.measured
    with pytest.raises(DataError, match="No row is in the group"):
        agreement(none, true, ["c"])
    with pytest.raises(DataError, match="2 inferred and 1 true"):
        agreement(none, true[:1], ["a"])


def test_exceptions_to_a_planted_shortcut_are_learned_late(digits, tmp_path):
    import dataclasses

    import byheart

    task = byheart.plant(digits, "shortcut-colour=0.95", seed=0)
    task = dataclasses.replace(task, recipe=byheart.Recipe(epochs=8, batch=64, lr=0.05))
    run = byheart.record(task, out=tmp_path / "run")
    found = from_early_learning(np.asarray(run["correct"], np.float32), task.train.targets)
    told = agreement(found, task.train.groups, ["conflicting"])
    assert told.recall.value > 0.6 and told.precision.value > 0.6
