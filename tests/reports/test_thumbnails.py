from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.reports import thumbnails


def task_of(inputs: np.ndarray, **more) -> Task:
    targets = np.arange(len(inputs)) % 2
    return Task(Examples(inputs, targets), Examples(inputs[:4], targets[:4]), **more)


def opened(sheet: thumbnails.Sheet) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sheet.png)))


def test_each_picture_is_where_the_page_looks_for_it() -> None:
    inputs = np.random.default_rng(0).integers(0, 256, (50, 1, 6, 5), np.uint8)
    inputs[0, 0, 0, 0] = 255
    sheet = thumbnails.sheet(task_of(inputs), np.array([7, 40, 3]), 10**6)
    whole = opened(sheet)
    for slot, row in enumerate([7, 40, 3]):
        assert np.array_equal(whole[:6, slot * 5 : slot * 5 + 5], inputs[row, 0])


def test_held_out_pictures_come_after_the_training_examples() -> None:
    inputs = np.random.default_rng(0).integers(0, 256, (50, 1, 6, 5), np.uint8)
    task = task_of(inputs)
    sheet = thumbnails.sheet(task, np.array([50]), 10**6)
    assert np.array_equal(opened(sheet)[:6, :5], task.held_out.inputs[0, 0])


def test_colour_stays_colour() -> None:
    inputs = np.zeros((4, 3, 6, 6), np.uint8)
    inputs[:, 1] = 200
    assert opened(thumbnails.sheet(task_of(inputs), np.array([0]), 10**6))[0, 0].tolist() == [0, 200, 0]


def test_floats_and_small_ranges_fill_the_range_of_grey() -> None:
    inputs = np.linspace(-1, 1, 4 * 36, dtype=np.float32).reshape(4, 1, 6, 6)
    whole = opened(thumbnails.sheet(task_of(inputs), np.arange(4), 10**6))
    assert whole.min() == 0 and whole.max() == 255


def test_large_pictures_become_small_and_keep_their_shape() -> None:
    sheet = thumbnails.sheet(task_of(np.zeros((4, 1, 128, 64), np.uint8)), np.array([0]), 10**6)
    assert (sheet.height, sheet.width) == (32, 16)


def test_a_budget_keeps_the_first_pictures() -> None:
    inputs = np.random.default_rng(0).integers(0, 256, (300, 1, 10, 10), np.uint8)
    sheet = thumbnails.sheet(task_of(inputs), np.arange(300), 9_000)
    assert len(sheet.png) <= 9_000 and 40 < len(sheet.rows) < 120
    assert np.array_equal(sheet.rows, np.arange(len(sheet.rows)))


def test_unusual_features_are_the_farthest_from_the_mean() -> None:
    inputs = np.random.default_rng(0).normal(size=(100, 6)).astype(np.float32)
    inputs[3, 4] = 50
    found = thumbnails.unusual(task_of(inputs, feature_names=tuple("abcdef")), np.array([3]))[0]
    name, value, far = found[0]
    assert (name, value) == ("e", 50.0)
    assert far == pytest.approx((50 - inputs[:, 4].mean()) / inputs[:, 4].std(), abs=0.01)
    assert [abs(f[2]) for f in found] == sorted((abs(f[2]) for f in found), reverse=True)
