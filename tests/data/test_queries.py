from __future__ import annotations

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.augment.queries import asked


@pytest.fixture
def images():
    return np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)


def test_a_mirror_image(images):
    np.testing.assert_array_equal(asked(images, "mirror"), images[..., ::-1])


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_moves_let_zeros_in(images, kind):
    images = images.astype(kind)
    zero = np.zeros_like(images)
    down, left = zero.copy(), zero.copy()
    down[:, :, 2:], left[..., :-1] = images[:, :, :-2], images[..., 1:]
    for query, expected in (("down=2", down), ("left=1", left)):
        found = asked(images, query)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == kind
    np.testing.assert_array_equal(asked(asked(images, "up=1"), "down=1")[:, :, 1:], images[:, :, 1:])


def test_changes_are_joined(images):
    np.testing.assert_array_equal(asked(images, "mirror + right=1"), asked(asked(images, "mirror"), "right=1"))


@pytest.mark.parametrize("query", ["", "flip", "left", "left=9", "left=-1", "mirror+", "up=1.5"])
def test_what_is_no_query_is_refused_with_what_is(images, query):
    with pytest.raises(UsageError, match="no query about images"):
        asked(images, query)


def test_rows_of_a_table_cannot_be_mirrored():
    with pytest.raises(UsageError, match="no other change is known that keeps what a row or text means"):
        asked(np.zeros((3, 4)), "mirror")
