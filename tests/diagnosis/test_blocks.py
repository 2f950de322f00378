import dataclasses

import numpy as np
import pytest

import byheart
from byheart.diagnosis.blocks import blocks_of, colours, feature_blocks, image_blocks, repainted

from .conftest import clouds


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (2, 3, 5)])
def test_cells_tile_an_image_and_the_border_is_its_edge(shape):
    blocks = image_blocks(shape)
    cells = [b for b in blocks if b.name.startswith("cell")]
    assert (sum(b.where.astype(int) for b in cells) == 1).all()
    border = next(b for b in blocks if b.name.startswith("border"))
    assert border.where[:, 0].all() and border.where[:, :, -1].all()
    assert not border.where[:, shape[1] // 2, shape[2] // 2].any()
    assert ("colour" in [b.name for b in blocks]) == (shape[0] > 1)
    assert len({b.name for b in blocks}) == len(blocks)


def test_an_exchange_changes_the_block_and_nothing_else():
    random = np.random.default_rng(0)
    own, other = random.integers(0, 255, (2, 5, 1, 8, 8)).astype(np.uint8)
    for block in image_blocks((1, 8, 8)):
        found = block.exchange(own, other)
        assert found.dtype == own.dtype
        assert np.array_equal(found[:, block.where], other[:, block.where])
        assert np.array_equal(found[:, ~block.where], own[:, ~block.where])
        assert np.array_equal(block.exchange(own, own), own)


def test_features_by_name_or_in_runs():
    assert [b.name for b in feature_blocks((2,), ("age", "sex"))] == ["age", "sex"]
    assert [b.name for b in feature_blocks((2,))] == ["feature 0", "feature 1"]
    runs = feature_blocks((10, 10))
    assert len(runs) == 16 and (sum(b.where.astype(int) for b in runs) == 1).all()
    assert runs[0].name == "features 0 to 5" and runs[0].where.shape == (10, 10)


def test_blocks_of_tasks(digits):
    assert len(blocks_of(clouds())) == 6
    assert len(blocks_of(digits)) == 17
    assert [b.name for b in blocks_of(byheart.plant(digits, "shortcut-colour=0.9"))][-1] == "colour"
    named = dataclasses.replace(clouds(), feature_names=tuple("abcdef"))
    assert [b.name for b in blocks_of(named)] == list("abcdef")


def test_apart():
    blocks = {b.name: b for b in image_blocks((3, 8, 8))}
    corner, middle = (
        blocks["cell 1, 1 (rows 0 to 1, columns 0 to 1)"],
        blocks["cell 2, 2 (rows 2 to 3, columns 2 to 3)"],
    )
    assert corner.apart(middle) and not corner.apart(blocks["border"]) and not corner.apart(corner)
    assert blocks["colour"].apart(middle)


def test_an_image_in_one_colour_is_in_the_others_after():
    random = np.random.default_rng(0)
    shapes, tints = random.random((4, 1, 6, 6)), random.random((4, 3, 1, 1))
    shapes[:, :, 0, 0], shapes[:, :, 1, 1] = 0, 1  # black and full brightness in every image
    tints /= tints.max(1, keepdims=True)
    own, other = shapes[:2] * tints[:2], shapes[2:] * tints[2:]
    assert np.allclose(colours(own), tints[:2])
    assert np.allclose(repainted(own, other), shapes[:2] * tints[2:])
    assert np.allclose(repainted(own, own), own)


def test_whole_numbers_stay_whole_and_in_range():
    random = np.random.default_rng(0)
    own, other = random.integers(0, 256, (2, 5, 3, 4, 4)).astype(np.uint8)
    found = repainted(own, other)
    assert found.dtype == np.uint8 and found.max() <= own.max()
    assert (colours(np.zeros((1, 3, 2, 2))) == 1).all()
