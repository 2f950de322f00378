import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.made.modular_addition import modular_addition


def test_all_pairs_are_there_once_with_their_sum():
    task = modular_addition(3, modulus=7, share=0.4)
    assert (len(task.train), len(task.validation) + len(task.test)) == (20, 29)
    seen = set()
    for part in (task.train, task.validation, task.test):
        for (a, b), y, i in zip(part.inputs.astype(int), part.targets, part.ids, strict=True):
            assert (a + b) % 7 == y
            assert i == 7 * a + b
            seen.add((a, b))
    assert len(seen) == 49
    assert task.classes == 7


def test_the_seed_deals_the_pairs():
    first, again, other = (modular_addition(k, modulus=11) for k in (0, 0, 1))
    assert np.array_equal(first.train.ids, again.train.ids)
    assert set(first.train.ids) != set(other.train.ids)


def test_recipe_and_network_are_as_described():
    task = modular_addition()
    r = task.recipe
    assert (r.optimizer, r.lr, r.weight_decay, r.clip, r.batch) == ("adamw", 0.01, 1.0, 0, len(task.train))
    assert [tuple(p.shape) for p in task.build().parameters()] == [(59, 128), (256, 256), (256,), (59, 256), (59,)]


@pytest.mark.parametrize("wrong", [{"modulus": 2}, {"share": 0.0}, {"share": 1.0}])
def test_what_makes_no_task_is_refused(wrong):
    with pytest.raises(UsageError, match="make no such task"):
        modular_addition(**wrong)
