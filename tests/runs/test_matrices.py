"""Matrices on disk hold the numbers of those in memory."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from byheart.base.errors import RunError, StorageError
from byheart.runs import matrices
from byheart.runs.matrices import kept_rows, room

ROWS = np.random.default_rng(0).normal(size=(5, 7, 3)).astype(np.float16)


@pytest.mark.parametrize("large", [0, 1 << 30])
def test_rows_are_the_same_in_memory_and_on_disk(tmp_path, monkeypatch, large):
    monkeypatch.setattr(matrices, "LARGE", large)
    found = kept_rows(tmp_path / "rows.npy", ROWS.__getitem__, 5)
    assert isinstance(found, np.memmap) == (large == 0) == (tmp_path / "rows.npy").exists()
    assert found.dtype == ROWS.dtype
    np.testing.assert_array_equal(found, ROWS)
    np.testing.assert_array_equal(found[:, 3], ROWS[:, 3])


def test_a_file_that_is_there_is_read_and_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(matrices, "LARGE", 0)
    kept_rows(tmp_path / "rows.npy", ROWS.__getitem__, 5)
    asked = []
    found = kept_rows(tmp_path / "rows.npy", lambda k: asked.append(k) or ROWS[k], 5)
    assert asked == [0]
    np.testing.assert_array_equal(found, ROWS)
    path = tmp_path / "rows.npy"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RunError, match="damaged"):
        kept_rows(path, ROWS.__getitem__, 5)


@pytest.mark.parametrize("large", [0, 1 << 30])
def test_rows_that_do_not_fit_are_named_and_leave_nothing(tmp_path, monkeypatch, large):
    monkeypatch.setattr(matrices, "LARGE", large)
    with pytest.raises(RunError, match="Row 4"):
        kept_rows(tmp_path / "rows.npy", lambda k: ROWS[k] if k < 4 else ROWS[k, :-1], 5)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("large", [0, 1 << 30])
def test_room_takes_numbers_and_leaves_no_file(tmp_path, monkeypatch, large):
    monkeypatch.setattr(matrices, "LARGE", large)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = room((4, 6), np.float64)
    assert isinstance(found, np.memmap) == (large == 0) and found.shape == (4, 6) and not found.any()
    found[2] = 7
    assert found.sum() == 42 and not list(tmp_path.iterdir())


def test_a_full_disk_is_an_error_and_no_crash(monkeypatch):
    monkeypatch.setattr(matrices, "LARGE", 0)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(StorageError, match="TMPDIR"):
        room((4, 6), np.float64)
