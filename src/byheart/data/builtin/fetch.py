"""Files of a data set: looked for in $BYHEART_DATA, then in the user's cache, then downloaded; content is checked,
not packing.
"""

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from byheart.base.errors import DataError, UsageError
from byheart.base.seeds import generator

TIMEOUT_SECONDS = 60
LARGEST = 100_000_000  # bytes; the largest file of a built-in set has 47 million


def contents(folder: str, file: str, address: str, sha256: str, decode: Callable[[bytes], bytes]) -> bytes:
    """The decoded content of one file of the data set `folder`.

    Looked for as $BYHEART_DATA/folder/file, then in the user's cache folder, then fetched from `address` into that
    cache. `sha256` is of the decoded content, so a file that was packed again is as good as the original. Errors:
    DataError for a file that cannot be had, is damaged, or holds something else.
    """
    path = local(folder, file) or download(folder, file, address)
    remedy = f"delete it and let it be fetched again, or get {address}"
    try:
        content = decode(whole(path.open("rb")))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{path} is damaged.", f"({type(error).__name__}: {error})", remedy) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"{path} is not the {file} of {folder}.", f"Its content has sha256 {found}, not {sha256}.", remedy
        )
    return content


def local(folder: str, file: str) -> Path | None:
    """Where the file lies already, if it does: $BYHEART_DATA first, then the cache."""
    for home in (os.environ.get("BYHEART_DATA"), cache()):
        if home and (path := Path(home) / folder / file).is_file():
            return path
    return None


def cache() -> Path:
    """The user's cache folder of byheart."""
    import pooch

    return Path(pooch.os_cache("byheart"))


def download(folder: str, file: str, address: str) -> Path:
    """Fetch `address` into the cache; DataError, naming the files and $BYHEART_DATA, when that fails."""
    import pooch

    try:
        polite: Any = pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS)
        fetched = pooch.retrieve(address, None, fname=file, path=cache() / folder, downloader=polite)
    except (OSError, ValueError) as error:
        reason = str(error).split("\n")[0][:200]
        raise DataError(
            f"The data set {folder} is not on this machine, and {address} could not be fetched.",
            f"({type(error).__name__}: {reason})",
            f"put {file} into a folder {folder}/ and name the folder above it in the environment variable BYHEART_DATA",
        ) from error
    return Path(fetched)


def gunzip(packed: bytes) -> bytes:
    """The content of a gzip file; ValueError when it would be larger than any file of a built-in set."""
    return whole(gzip.GzipFile(fileobj=io.BytesIO(packed)))


def whole(file: io.BufferedIOBase) -> bytes:
    """All that a file holds, read piece by piece, so that a few bytes that unpack to gigabytes stop early."""
    with file:
        pieces, size = [], 0
        while piece := file.read(1 << 20):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST:
                raise ValueError(f"more than {LARGEST // 10**6} MB are in it")
    return b"".join(pieces)


def choose(name: str, available: int, wanted: int | None) -> np.ndarray:
    """`wanted` of the rows of a file, sorted, always the same and nested in size; None: all of them."""
    if wanted is None:
        return np.arange(available)
    if not 1 <= wanted <= available:
        raise UsageError(
            f"{name} has {available} examples, not {wanted}.", do=f"ask for 1 to {available}, or None for all"
        )
    return np.sort(generator(0, "builtin", name).permutation(available)[:wanted])
