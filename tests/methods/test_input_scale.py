import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.methods.input_scale import deviations, ranges


def table(scaling: str) -> bh.Task:
    random = np.random.default_rng(0)
    x = random.normal(size=(50, 3)) * [1, 100, 0] + [0, 5, 7]
    return bh.Task(
        (x.astype(np.float32), np.arange(50) % 2), (x[:9].astype(np.float32), np.arange(9) % 2), scaling=scaling
    )


def test_with_standard_scaling_a_deviation_is_one_and_a_constant_has_none():
    assert np.allclose(deviations(table("standard")), [1, 1, 0], atol=1e-5)


@pytest.mark.parametrize("scaling", ["standard", "none"])
def test_they_are_those_of_what_the_network_sees(scaling):
    task = table(scaling)
    seen = task.tensors(task.train, np.arange(50))[0].double().numpy()
    assert np.allclose(deviations(task), seen.std(0), rtol=1e-5, atol=1e-5)
    assert np.allclose(ranges(task), seen.max(0) - seen.min(0), rtol=1e-5)


def test_images_have_one_deviation_a_channel_and_one_range(few):
    seen = few.tensors(few.train, np.arange(len(few.train)))[0].double().numpy()
    assert deviations(few).shape == ranges(few).shape == (1, 1, 1)
    assert float(deviations(few).squeeze()) == pytest.approx(seen.std(), rel=1e-5)
    assert float(ranges(few).squeeze()) == pytest.approx(seen.max() - seen.min(), rel=1e-5)


def test_units_of_the_data_do_not_matter():
    task = table("none")
    x = task.train.inputs * np.float32(1000)
    larger = dataclasses.replace(task, train=dataclasses.replace(task.train, inputs=x))
    assert np.allclose(deviations(larger), 1000 * deviations(task), rtol=1e-4)
