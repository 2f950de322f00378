import numpy as np
from torch import nn

from byheart.data.made.pictures import whole_digits
from byheart.data.made.regular import regular


def test_pictures_are_as_they_are_and_nothing_is_planted():
    task, whole = regular(3), whole_digits()
    for part in (task.train, task.validation, task.test):
        assert np.array_equal(part.inputs, whole.inputs[part.ids])
        assert np.array_equal(part.targets, whole.targets[part.ids])
        assert part.groups is None
    assert not task.truth
    assert (len(task.train), len(task.held_out)) == (1_000, 780)


def test_the_network_is_held_back():
    task = regular(dropout=0.3, weight_decay=0.02)
    (dropout,) = [m for m in task.build().modules() if isinstance(m, nn.Dropout)]
    assert dropout.p == 0.3
    assert task.recipe.weight_decay == 0.02
    assert [tuple(p.shape) for p in task.build().parameters()][::2] == [(256, 64), (10, 256)]
