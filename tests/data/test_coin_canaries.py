"""Canaries that a coin put in or left out."""

import numpy as np
import pytest
from tests.data.planted import everything, pictures, same, table

from byheart.base.errors import UsageError
from byheart.data.plant import plant


@pytest.mark.parametrize("classes", [0, 3])
def test_those_in_and_those_out_are_all_of_them(classes):
    task = table(400, classes)
    planted = plant(task, "coin-canaries=100")
    inside = planted.truth["coin_canary"]
    assert planted.aside is not None and inside.sum() + len(planted.aside) == 100
    assert len(planted.train) == 400 - len(planted.aside)
    assert not np.isin(planted.aside.ids, planted.train.ids).any()
    assert set(planted.train.ids) | set(planted.aside.ids) == set(task.train.ids)
    assert same(
        {k: v for k, v in everything(task).items() if k.startswith(("test", "validation"))},
        {k: v for k, v in everything(planted).items() if k.startswith(("test", "validation"))},
    )


def test_every_canary_has_a_wrong_label_and_nobody_else_has():
    task = pictures(300)
    planted = plant(task, "coin-canaries=80")
    inside = planted.truth["coin_canary"]
    assert np.array_equal(planted.truth["wrong"], inside)
    assert (planted.aside.targets != task.train.targets[planted.aside.ids]).all()
    assert (planted.train.targets != task.train.targets[planted.train.ids]).nonzero()[0].tolist() == np.flatnonzero(
        inside
    ).tolist()


def test_each_coin_is_fair_and_its_own():
    """Over many seeds the number inserted has a binomial's mean and variance: nobody fixed it."""
    task = table(60)
    counts = np.array([plant(task, "coin-canaries=20", seed).truth["coin_canary"].sum() for seed in range(300)])
    assert abs(counts.mean() - 10) < 4 * np.sqrt(5 / 300)
    assert 3.5 < counts.var() < 6.7  # 5, within four standard errors of a variance


def test_the_same_seed_gives_the_same_canaries():
    a, b = (plant(pictures(), "coin-canaries=20", 3) for _ in range(2))
    assert same(everything(a), everything(b)) and np.array_equal(a.aside.ids, b.aside.ids)


def test_rows_that_are_wrong_or_copies_are_no_canaries_and_copies_still_point_to_their_originals():
    task = plant(pictures(200), "label-noise=0.1,duplicates=30")
    planted = plant(task, "coin-canaries=60")
    truth, known = planted.truth, planted.train.ids.tolist()
    assert not (truth["coin_canary"] & truth["duplicate"]).any() and truth["wrong"].sum() == (
        truth["coin_canary"].sum() + task.truth["wrong"].sum()
    )
    for row in np.flatnonzero(truth["duplicate"]):
        was = task.train.ids.tolist().index(known[row])
        assert known[truth["duplicate_of"][row]] == task.train.ids[task.truth["duplicate_of"][was]]


def test_nothing_is_planted_after_them():
    with pytest.raises(UsageError, match="name coin-canaries last"):
        plant(pictures(), "coin-canaries=10,label-noise=0.1")


@pytest.mark.parametrize("amount", ["0", "31", "2.5"])
def test_amounts_that_cannot_be_are_refused(amount):
    with pytest.raises(UsageError, match="cannot be planted"):
        plant(pictures(60), f"coin-canaries={amount}")


def test_what_is_aside_goes_along_when_a_task_is_copied_and_changes_no_digest():
    import pickle
    from dataclasses import replace

    planted = plant(table(), "coin-canaries=10")
    again = pickle.loads(pickle.dumps(planted))
    assert np.array_equal(again.aside.inputs, planted.aside.inputs)
    assert again.digest == planted.digest == replace(planted, aside=None).digest
