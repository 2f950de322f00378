"""Matrices of many rows: in memory while they are small, in a file and read as needed above that."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from byheart.base.errors import RunError, StorageError
from byheart.base.store import atomically, read_matrix

LARGE = 1 << 30  # bytes: a matrix of so many lies on disk
Row = Callable[[int], np.ndarray]


def kept_rows(path: Path, row: Row, count: int) -> np.ndarray:
    """`row(0)` to `row(count - 1)` under each other (count, ...); a large matrix is written to `path` once.

    Errors: RunError for rows of different shapes or types, and for a damaged file; StorageError.
    """
    if row(0).nbytes * count <= LARGE:
        return np.stack(list(_rows(row, count)))
    if not path.exists():
        atomically(path, lambda partial: _write(partial, row, count))
    return read_matrix(path)


def room(shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """Room for numbers, zero at first; for many in a temporary file that goes with the process, where TMPDIR says.

    Errors: StorageError.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size <= LARGE:
        return np.zeros(shape, dtype)
    try:
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            if hasattr(os, "posix_fallocate"):  # a disk that is too full says so now; later it would kill the process
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as error:
        raise StorageError(
            f"{tempfile.gettempdir()} cannot take {size / 1e9:.1f} GB.",
            f"{error.strerror or error}.",
            "free some space there, or let TMPDIR name another folder",
        ) from error


def _rows(row: Row, count: int) -> Iterator[np.ndarray]:
    first = row(0)
    for k in range(count):
        one = row(k) if k else first
        if (one.shape, one.dtype) != (first.shape, first.dtype):
            raise RunError(
                f"Row {k} is {one.dtype} of shape {one.shape}, row 0 {first.dtype} of shape {first.shape}.",
                do="record the models again",
            )
        yield one


def _write(partial: Path, row: Row, count: int) -> None:
    """A .npy file, row by row: a full disk is an error then, where one that is mapped would kill the process."""
    first = row(0)
    head = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False, "shape": (count, *first.shape)}
    with open(partial, "wb") as file:
        np.lib.format.write_array_header_1_0(file, head)
        for one in _rows(row, count):
            file.write(np.ascontiguousarray(one).data)
