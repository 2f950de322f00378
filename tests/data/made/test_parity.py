import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.made.parity import parity


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_the_class_is_the_product_of_signs(bits):
    task = parity(0, 300, 200, bits=bits, idle=2)
    for part in (task.train, task.validation, task.test):
        for x, y in zip(part.inputs, part.targets, strict=True):
            odd = False
            for value in x[:bits]:
                odd ^= bool(value > 0)
            assert odd == bool(y)
    assert task.input_shape == (bits + 2,)


def test_no_part_of_the_bits_says_anything():
    task = parity(0, 50_000, 10, bits=3)
    x, y = np.sign(task.train.inputs), 2 * task.train.targets - 1
    for columns in ([0], [1], [2], [0, 1], [1, 2]):
        assert abs((x[:, columns].prod(1) * y).mean()) < 5 / np.sqrt(50_000)
    assert abs(abs((x.prod(1) * y).mean()) - 1) < 1e-9


def test_noise_of_any_size_turns_no_sign():
    task = parity(0, 2_000, 10, bits=2, spread=5.0)
    assert np.abs(task.train.inputs).min() > 0.09
    assert len(np.unique(np.sign(task.train.inputs), axis=0)) == 4


@pytest.mark.parametrize("wrong", [{"bits": 0}, {"idle": -1}, {"spread": -0.1}])
def test_what_makes_no_task_is_refused(wrong):
    with pytest.raises(UsageError):
        parity(**wrong)
