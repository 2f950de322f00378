import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.diagnosis.calibration import probabilities
from byheart.diagnosis.input_maps import gradient_map, occlusion_map
from byheart.runs.loop import one_thread


def corner(images: np.ndarray) -> np.ndarray:
    """Two logits from the four pixels at the top left."""
    z = images[:, 0, :2, :2].sum((1, 2)).astype(float) / 4 - 1
    return np.stack([-z, z], 1)


def test_occlusion_against_a_loop():
    random = np.random.default_rng(0)
    images, y, fill = random.integers(0, 9, (3, 1, 6, 5)), np.array([0, 1, 1]), random.integers(0, 9, (1, 6, 5))
    found = occlusion_map(corner, images, y, fill, side=2, stride=2)
    assert found.shape == (3, 3, 2)
    for i in range(3):
        for a, top in enumerate((0, 2, 4)):
            for b, left in enumerate((0, 2)):
                covered = images[i : i + 1].copy()
                covered[0, 0, top : top + 2, left : left + 2] = fill[0, top : top + 2, left : left + 2]
                lost = probabilities(corner(images[i : i + 1])) - probabilities(corner(covered))
                assert found[i, a, b] == pytest.approx(lost[0, y[i]])
    assert (found[:, 1:] == 0).all() and (found[:, :, 1:] == 0).all() and (found[:, 0, 0] != 0).all()


def test_a_square_that_does_not_fit():
    with pytest.raises(UsageError, match="side 7"):
        occlusion_map(corner, np.zeros((1, 1, 6, 5)), np.zeros(1, int), np.zeros(1), side=7)


def test_gradients_against_differences(few):
    with one_thread():
        task = dataclasses.replace(few, network=lambda shape, k: torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 8), torch.nn.Tanh(), torch.nn.Linear(8, k)))  # fmt: skip
        network = task.build()
        part = task.test.take(np.arange(3))
        found = gradient_map(task, network, part)
        assert found.shape == part.inputs.shape
        inputs, targets = task.tensors(part, np.arange(3))
        network, inputs = network.double(), inputs.double()
        for row, column in ((2, 3), (5, 4)):
            ends = []
            for sign in (1, -1):
                moved = inputs.clone()
                moved[:, 0, row, column] += sign * 1e-5
                ends.append(task.loss(network(moved), targets).detach().numpy())
            assert np.allclose(found[:, 0, row, column], np.abs(ends[0] - ends[1]) / 2e-5, atol=1e-5)


def test_chunks_and_mode_do_not_matter(few, monkeypatch):
    import byheart.diagnosis.input_maps as maps

    with one_thread():
        network = few.build().train()
        whole = gradient_map(few, network, few.test)
        monkeypatch.setattr(maps, "CHUNK", 7)
        assert np.allclose(gradient_map(few, network, few.test), whole, atol=1e-6)
    assert network.training


def test_the_place_of_a_patch_stands_out(digits):
    """A linear network that was trained on images with a bright corner in one class looks there."""
    import byheart
    from byheart.runs.loop import begin, fit

    x, y = digits.train.inputs[:300].copy(), (digits.train.targets[:300] >= 5).astype(int)
    x[y == 1, :, 0, 0] = 16
    part = Examples(x, y)
    task = byheart.Task(part, part, recipe=byheart.Recipe(epochs=3, batch=32, lr=0.05))
    with one_thread():
        state = fit(begin(task, np.arange(300), 0))
        found = gradient_map(task, state.network, part.take(np.arange(100))).mean((0, 1))
    assert found.argmax() == 0  # the top left pixel
