"""What holds for everything that can be planted, and the grammar."""

import numpy as np
import pytest
from tests.data.planted import everything, pictures, same, table

from byheart.base.errors import UsageError
from byheart.base.registry import every
from byheart.data.plant import plant
from byheart.data.plant.rows import new_ids

AMOUNTS = {
    "label-noise": 0.2, "label-noise-pair": 0.2, "label-noise-instance": 0.2, "random-labels": 0.3,
    "random-inputs": 0.2, "duplicates": 5, "near-duplicates": 5, "conflicting-duplicates": 5,
    "canaries": 4, "coin-canaries": 6, "leakage": 3, "rare-groups": 2,
    "shortcut-colour": 0.9, "shortcut-patch": 0.9,
}  # fmt: skip
ON_TABLES = [name for name in AMOUNTS if not name.startswith("shortcut")]
ON_REGRESSION = [
    "random-inputs",
    "duplicates",
    "near-duplicates",
    "canaries",
    "coin-canaries",
    "leakage",
    "rare-groups",
]
HELD_OUT_TOO = ("shortcut-colour", "shortcut-patch", "rare-groups")


def test_all_are_there():
    assert set(every("plant")) == set(AMOUNTS)


@pytest.mark.parametrize("name", AMOUNTS)
def test_the_seed_decides_and_the_task_given_is_left_alone(name):
    task = pictures()
    before = everything(task)
    first, again, other = (everything(plant(task, f"{name}={AMOUNTS[name]}", seed)) for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)
    assert same(before, everything(task))


@pytest.mark.parametrize("name", AMOUNTS)
def test_held_out_examples_stay_unless_it_says_so(name):
    task = pictures()
    before, after = everything(task), everything(plant(task, f"{name}={AMOUNTS[name]}"))
    kept = all(np.array_equal(before[k], after[k]) for k in before if not k.startswith("train"))
    assert kept is (name not in HELD_OUT_TOO)


@pytest.mark.parametrize("name", AMOUNTS)
def test_a_task_that_was_planted_is_still_a_task(name):
    planted = plant(pictures(), f"{name}={AMOUNTS[name]}")
    assert planted.train.inputs.dtype == np.uint8
    assert planted.truth
    assert all(len(mask) == len(planted.train) for mask in planted.truth.values())
    assert not any(mask.all() for mask in planted.truth.values() if mask.dtype == bool)
    assert any(mask.any() for mask in planted.truth.values() if mask.dtype == bool)
    assert planted.class_names == ("a", "b", "c")


@pytest.mark.parametrize("name", ON_TABLES)
def test_tables_can_be_planted(name):
    assert plant(table(), f"{name}={AMOUNTS[name]}").train.inputs.dtype == np.float32


@pytest.mark.parametrize("name", AMOUNTS)
def test_regression_is_planted_or_refused(name):
    if name in ON_REGRESSION:
        assert plant(table(classes=0), f"{name}={AMOUNTS[name]}").train.targets.dtype == np.float32
    else:
        with pytest.raises(UsageError, match="classes"):
            plant(table(classes=0), f"{name}={AMOUNTS[name]}")


@pytest.mark.parametrize("name", ["shortcut-colour", "shortcut-patch"])
def test_shortcuts_refuse_tables(name):
    with pytest.raises(UsageError, match="images"):
        plant(table(), f"{name}=0.9")


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("amount", [0, -1, -0.5, 1e9, 1.5])
def test_amounts_out_of_range_are_refused(name, amount):
    with pytest.raises(UsageError, match=name):
        plant(pictures(), f"{name}={amount}")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("label-nois=0.1", "label-noise"),
        ("label-noise", "label-noise=AMOUNT"),
        ("label-noise=", "no number"),
        ("label-noise=inf", "no number"),
        ("label-noise=ten", "no number"),
        ("label-noise=0.1,,duplicates=2", "names nothing"),
        ("", "names nothing"),
        ("label-noise=0.001", "none"),
    ],
)
def test_what_cannot_be_read_is_named(what, says):
    with pytest.raises(UsageError, match=says):
        plant(pictures(), what)


def test_several_are_planted_from_left_to_right():
    task = pictures()
    both = plant(task, " label-noise = 0.2 , duplicates = 5 ", seed=4)
    assert same(everything(both), everything(plant(plant(task, "label-noise=0.2", 4), "duplicates=5", 4)))


def test_what_is_drawn_does_not_depend_on_what_came_before():
    task = pictures()
    alone, after = plant(task, "random-inputs=0.2"), plant(task, "label-noise=0.2,random-inputs=0.2")
    assert np.array_equal(alone.truth["random_input"], after.truth["random_input"])


def test_everything_at_once_keeps_the_truth_in_step():
    order = sorted(AMOUNTS, key=lambda name: (name != "rare-groups", name == "coin-canaries"))
    planted = plant(pictures(90), ",".join(f"{name}={AMOUNTS[name]}" for name in order))
    truth, train = planted.truth, planted.train
    assert np.array_equal(truth["wrong"], train.targets != truth["original"])
    assert np.array_equal(truth["duplicate"], truth["duplicate_of"] >= 0)
    assert truth["canary"].sum() == 4
    assert truth["duplicate"].sum() == 15
    assert not truth["duplicate"][truth["duplicate_of"][truth["duplicate"]]].any()


def test_new_ids_are_unique_and_of_the_kind_that_ids_have():
    text = pictures(ids=np.array(["canary-0", "copy-1", *(f"photo{i}" for i in range(58))]))
    planted = plant(text, "canaries=3,duplicates=2,leakage=2")
    assert list(planted.train.ids[60:]) == [
        "canary-1",
        "canary-2",
        "canary-3",
        "copy-0",
        "copy-2",
        "leaked-0",
        "leaked-1",
    ]
    assert np.array_equal(planted.train.ids[:60], text.train.ids)
    numbered = plant(pictures(ids=np.arange(60) * 10), "canaries=3")
    assert list(numbered.train.ids[60:]) == [591, 592, 593]
    assert new_ids(pictures(), "x", 2).dtype == np.int64
