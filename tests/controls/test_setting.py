import dataclasses

import numpy as np
import pytest

import byheart
from byheart.base.errors import UsageError
from byheart.controls.setting import only, settings_of
from byheart.controls.vary import factors_of
from byheart.methods.dropout import Dropout
from byheart.methods.label_smoothing import LabelSmoothing


def of(task, *texts, design="grid"):
    return settings_of(factors_of(texts, task), design)


def made(task, *texts, seed=0):
    return [setting.task(task, seed) for setting in of(task, *texts)]


def test_a_grid_has_all_combinations_in_order(few):
    found = of(few, "dropout=0,0.5", "lr=0.1,0.2,0.3")
    assert [str(s) for s in found][:4] == [
        "dropout=0 lr=0.1",
        "dropout=0 lr=0.2",
        "dropout=0 lr=0.3",
        "dropout=0.5 lr=0.1",
    ]
    assert [s.number for s in found] == [1, 2, 3, 4, 5, 6]


def test_one_at_a_time_varies_around_the_first_values(few):
    found = of(few, "dropout=0,0.2,0.5", "lr=0.1,0.2", design="one-at-a-time")
    assert {s.texts for s in found} == {("0", "0.1"), ("0.2", "0.1"), ("0.5", "0.1"), ("0", "0.2")}
    assert found[0].texts == ("0", "0.1")


def test_an_unknown_design(few):
    with pytest.raises(UsageError, match="grid, one-at-a-time"):
        of(few, "lr=0.1", design="random")


def test_the_first_value_of_everything_can_be_the_task_itself(few):
    (same,) = made(few, "dropout=0", "lr=0.1", "size=all", "label-noise=0", "network=mlp", "augment=none")
    assert same.digests == few.digests


def test_fields_of_the_recipe(few):
    tasks = made(few, "epochs=3,5", "batch=16", "weight_decay=0.01", "lr=auto")
    assert [t.recipe.epochs for t in tasks] == [3, 5]
    assert all((t.recipe.batch, t.recipe.weight_decay, t.recipe.lr) == (16, 0.01, None) for t in tasks)
    with pytest.raises(UsageError, match="epochs=0"):
        made(few, "epochs=0")


def with_methods(task, *methods):
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=methods))


def test_a_method_is_set_in_its_place_or_added_or_left_out(few):
    both = with_methods(few, "dropout=0.1", LabelSmoothing(0.2))
    without, other = made(both, "dropout=0,0.5")
    assert without.recipe.methods == (LabelSmoothing(0.2),)
    assert other.recipe.methods == (Dropout(0.5), LabelSmoothing(0.2))
    (added,) = made(few, "label_smoothing=0.3")
    assert added.recipe.methods == (LabelSmoothing(0.3),)
    plain, beside = made(both, "method=none,label_smoothing=0.3")
    assert plain.recipe.methods == both.recipe.methods
    assert beside.recipe.methods == (*both.recipe.methods, LabelSmoothing(0.3))


def test_smaller_sizes_are_parts_of_larger_ones(few):
    small, large = made(few, "size=20,100", seed=3)
    assert (len(small.train), len(large.train)) == (20, 100)
    assert set(small.train.ids) < set(large.train.ids)
    np.testing.assert_array_equal(small.truth["wrong"], few.truth["wrong"][np.isin(few.train.ids, small.train.ids)])
    (again,) = made(few, "size=20", seed=3)
    np.testing.assert_array_equal(again.train.ids, small.train.ids)
    (other,) = made(few, "size=20", seed=4)
    assert set(other.train.ids) != set(small.train.ids)
    assert small.classes == few.classes
    np.testing.assert_array_equal(small.test.ids, few.test.ids)


def test_a_share_is_a_size(few):
    assert [len(t.train) for t in made(few, "size=0.25,all")] == [50, 200]


@pytest.mark.parametrize("size", ["1", "201", "2.5", "-3", "few", "True"])
def test_sizes_that_cannot_be_drawn(size, few):
    with pytest.raises(UsageError, match=f"size=.?{size}"):
        made(few, f"size={size}")


def test_pointers_in_the_truth_follow_their_rows(few):
    task = byheart.plant(few, "duplicates=20", seed=1)
    kept = only(task, np.arange(0, 220, 2))
    whole = task.truth["duplicate_of"]
    for row, points in zip(np.arange(0, 220, 2), kept.truth["duplicate_of"], strict=True):
        if whole[row] >= 0 and whole[row] % 2 == 0:
            assert kept.train.ids[points] == task.train.ids[whole[row]]
        else:
            assert points == -1


def test_plants_are_drawn_anew_for_every_seed(few):
    clean = dataclasses.replace(few, truth={})
    none, some = made(clean, "label-noise=0,0.1", seed=0)
    assert "wrong" not in none.truth and some.truth["wrong"].sum() == 20
    (other,) = made(clean, "label-noise=0.1", seed=1)
    assert not np.array_equal(other.truth["wrong"], some.truth["wrong"])


def test_size_comes_before_plants(few):
    (task,) = made(dataclasses.replace(few, truth={}), "label-noise=0.1", "size=50")
    assert len(task.train) == 50 and task.truth["wrong"].sum() == 5


def test_networks_and_their_arguments(few):
    small, large = made(few, "hidden=4,16")
    count = lambda task: sum(p.numel() for p in task.build().parameters())  # noqa: E731
    assert (count(small), count(large)) == (64 * 4 + 4 + 4 * 10 + 10, 64 * 16 + 16 + 16 * 10 + 10)
    cnn, mlp = made(few, "network=cnn,mlp", "activation=tanh")
    assert count(cnn) != count(mlp)
    with pytest.raises(UsageError, match="cnn has no argument 'norm'"):
        made(few, "network=mlp,cnn", "norm=batch")


def test_augmentation_and_scaling(few):
    assert [t.augment for t in made(few, "augment=none,flip")] == [(), ("flip",)]
    with pytest.raises(UsageError, match="scaling"):
        made(few, "scaling=log")


class Halves:
    """A plan at hand."""

    def apply(self, task):
        return dataclasses.replace(task, train=task.train.take(np.arange(len(task.train) // 2)), truth={})


def test_a_plan_comes_first(few):
    (setting,) = settings_of(factors_of({"plan": [Halves()], "size": [0.5]}, few))
    assert len(setting.task(few, 0).train) == 50


def test_a_plan_in_a_file(few, tmp_path):
    from byheart.controls.drop import Drop
    from byheart.controls.plan import Plan

    path = Plan((Drop(ids=tuple(few.train.ids[:30].tolist())),)).save(tmp_path / "drop.json")
    before, after = settings_of(factors_of([f"plan=none,{path}"], few))
    assert [len(s.task(few, 0).train) for s in (before, after)] == [200, 170]


def test_weights_of_examples_follow_the_size(few):
    from byheart.methods.example_weights import ExampleWeights

    weighted = with_methods(few, ExampleWeights(weights=np.arange(200.0)))
    (small,) = made(weighted, "size=50")
    rows = np.flatnonzero(np.isin(few.train.ids, small.train.ids))
    np.testing.assert_array_equal(small.recipe.methods[0].weights, rows)
