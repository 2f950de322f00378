from __future__ import annotations

import numpy as np
import pytest

from byheart.data.subsets import masks
from byheart.privacy.pairs import keys, partners


@pytest.mark.parametrize("models", [2, 8, 20, 33])
def test_of_a_pair_one_trained_on_the_example(models):
    member = masks(300, models, 1)
    partner = partners(member, np.arange(300))
    rows, columns = np.nonzero(partner >= 0)
    other = partner[rows, columns]
    assert (partner[other, columns] == rows).all()
    assert (member[rows, columns] != member[other, columns]).all()
    np.testing.assert_array_equal((partner >= 0).sum(0), 2 * np.minimum(member.sum(0), (~member).sum(0)))


def test_counts_of_the_references_say_nothing():
    """Of balanced masks: how many of the others had the example gives the target away, unless a partner goes too."""
    member = masks(200, 20, 0)
    partner = partners(member, np.arange(200))
    for k, i in zip(*np.nonzero(partner >= 0), strict=True):
        rest = np.delete(member[:, i], [k, partner[k, i]])
        assert rest.sum() == 13  # whether it was 13 or 14 of all the others


def test_order_of_the_examples_does_not_matter():
    member, ids = masks(500, 20, 2), np.array([f"id {k}" for k in range(500)])
    order = np.random.default_rng(0).permutation(500)
    np.testing.assert_array_equal(partners(member, ids)[:, order], partners(member[:, order], ids[order]))


def test_every_model_is_chosen_about_as_often():
    member = masks(4000, 20, 3)
    inside = ((partners(member, np.arange(4000)) >= 0) & member).sum(1)  # 6 of the 14 that had it
    assert abs(inside / (4000 * 6 / 20) - 1).max() < 0.1


def test_keys_differ():
    found = keys(64, np.arange(1000))
    assert len(np.unique(found)) == found.size
