"""Packed files: damaged ones are told by their name, and none unpacks to more than a data set can be."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from byheart.base.errors import DataError
from byheart.data.builtin import fetch

CONTENT = bytes(range(256)) * 3
PACKED = gzip.compress(CONTENT, mtime=0)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where a packed file of the set `little` is looked for."""
    monkeypatch.setenv("BYHEART_DATA", str(tmp_path))
    (tmp_path / "little").mkdir()
    return tmp_path / "little" / "a.gz"


def read() -> bytes:
    return fetch.contents(
        "little", "a.gz", "https://example.org/a.gz", hashlib.sha256(CONTENT).hexdigest(), fetch.gunzip
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_holds_the_content_or_is_named(file, data):
    raw = bytearray(PACKED)
    kind = data.draw(st.sampled_from(["cut", "flip", "noise", "twice"]))
    if kind == "cut":
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    elif kind == "flip":
        for _ in range(data.draw(st.integers(1, 3))):
            raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "noise":
        raw = bytearray(data.draw(st.binary(max_size=100)))
    else:
        raw = raw + raw
    file.write_bytes(bytes(raw))
    try:
        assert read() == CONTENT
    except DataError as error:
        assert "a.gz" in error.what and "delete it" in error.do


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_is_far_too_large_is_given_up_early(file, monkeypatch, packed):
    monkeypatch.setattr(fetch, "LARGEST", 2_000_000)
    zeros = bytes(50_000_000)
    file.write_bytes(gzip.compress(zeros, 1) if packed else zeros)
    del zeros
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than 2 MB"):
            read()
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
