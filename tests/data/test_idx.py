"""IDX: whatever the bytes are, an array of the size they have, or an error that says so."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from byheart.base.errors import DataError
from byheart.data.builtin.idx import MOST_AXES, read_idx


def idx(shape: tuple[int, ...], content: bytes) -> bytes:
    return bytes((0, 0, 8, len(shape))) + np.array(shape, ">u4").tobytes() + content


SIZES = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2, 2**16, 2**31, 2**32 - 1])
HEADERS = st.builds(idx, st.lists(SIZES, max_size=70).map(tuple), st.binary(max_size=20))


@given(st.binary(max_size=60) | HEADERS)
@example(idx((2**16,) * 4, b""))  # 2**64 values: none, for whoever counts in 64 bits
@example(idx((0,) * 65, b""))  # more axes than an array can have
@example(idx((2**32 - 1, 2**32 - 1), b"12"))
@example(idx((0, 2**32 - 1, 2**32 - 1), b""))  # empty, and yet more than an array can count
@example(idx((), b"1"))
def test_any_bytes_are_an_array_of_that_size_or_told(content):
    tracemalloc.start()
    try:
        array = read_idx(content)
        assert array.dtype == np.uint8 and 1 <= array.ndim <= MOST_AXES
        assert len(content) == 4 + 4 * array.ndim + array.size
    except DataError as error:
        assert "IDX" in error.what and error.do
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20_000_000, "a size in the header is not memory"


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)), st.data())
def test_what_was_written_is_read_and_a_part_of_it_is_not(array, data):
    whole = idx(array.shape, array.tobytes())
    np.testing.assert_array_equal(read_idx(whole), array)
    with pytest.raises(DataError, match="IDX"):
        read_idx(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(DataError, match="IDX"):
        read_idx(whole + b"\0")
