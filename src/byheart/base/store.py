"""Files that are whole or absent: atomic writes, readers that never run what they read, digests."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.errors import RunError, StorageError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TEMPORARY = ".partial"
HERE = "".join(c if c.isalnum() else "_" for c in os.uname().nodename)[:32]  # this machine, in names of files
DAY = 86_400


def atomically(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a temporary file beside `path`, then rename it there in one step."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.{HERE}-{os.getpid()}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(
            f"{path} could not be written.", f"{error.strerror or error}.", "free some space or choose another --out"
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path


def sweep(folder: str | Path) -> None:
    """Remove the temporary files that a killed process left in `folder` and below; those of others at work stay.

    Nobody knows here whether a process of another machine is at work: its files stay for a day.
    """
    for partial in Path(folder).rglob(f"*{TEMPORARY}"):
        computer, _, writer = partial.name.removesuffix(TEMPORARY).rpartition(".")[2].rpartition("-")
        with suppress(FileNotFoundError):
            if computer in ("", HERE):
                at_work = writer.isdecimal() and alive(int(writer))
            else:
                at_work = time.time() - partial.stat().st_mtime < DAY
            if not at_work:
                partial.unlink()


def alive(process: int) -> bool:
    """Whether another process of that number is at work."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def write_json(path: str | Path, content: object) -> Path:
    """Write JSON with the keys in the order given."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def read_json(path: str | Path) -> Any:
    """Read JSON; RunError when the file is missing or damaged."""
    return _read(path, lambda p: json.loads(p.read_text(encoding="utf-8")))


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write arrays as safetensors, without metadata, so that equal arrays are equal bytes."""
    import numpy as np
    from safetensors.numpy import save

    # 0-d arrays keep their shape: ascontiguousarray alone would make them 1-d
    whole = {name: np.ascontiguousarray(a).reshape(np.shape(a)) for name, a in sorted(arrays.items())}
    return atomically(path, lambda partial: partial.write_bytes(save(whole)))


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read safetensors; RunError when the file is missing, cut short or not safetensors."""
    from safetensors.numpy import load_file

    return _read(path, load_file)


def read_array(path: str | Path, name: str) -> np.ndarray:
    """One array of a safetensors file, the others left on disk; KeyError when there is none of that name."""
    from safetensors import safe_open

    def one(p: Path) -> tuple[list[str], np.ndarray | None]:
        with safe_open(p, framework="np") as arrays:
            names = list(arrays.keys())
            return names, arrays.get_tensor(name) if name in names else None

    names, array = _read(path, one)
    if array is None:
        raise KeyError(f"{name!r}; there are {sorted(names)}")
    return array


def read_matrix(path: str | Path) -> np.ndarray:
    """Open a .npy file whose rows are read as they are asked for; RunError when it is missing or damaged."""
    import numpy as np

    return _read(path, lambda p: np.load(p, mmap_mode="r"))


def write_table(path: str | Path, table: pd.DataFrame) -> Path:
    """Write a data frame as Parquet, without its index."""
    return atomically(path, lambda partial: table.to_parquet(partial, index=False, compression="zstd"))


def read_table(path: str | Path) -> pd.DataFrame:
    """Read Parquet; RunError when the file is missing or damaged."""
    import pandas as pd

    return _read(path, pd.read_parquet)


def _read(path: str | Path, reader: Callable[[Path], Any]) -> Any:
    path = Path(path)
    if not path.is_file():
        raise RunError(f"{path} does not exist.", do="give the folder of a finished run, or record it again")
    try:
        return reader(path)
    except RunError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # every reader has its own zoo of errors; a damaged file is one thing to a person
        reason = str(error).split("\n")[0][:160]
        raise RunError(
            f"{path} is damaged.", f"({type(error).__name__}: {reason})", "delete it and record again; the rest is kept"
        ) from error


def digest(*parts: object) -> str:
    """A hex digest of content: text, bytes, numbers, arrays, mappings, sequences, dataclasses, None."""
    hasher = hashlib.sha256()
    for part in parts:
        _feed(hasher, part)
    return hasher.hexdigest()


def _mark(hasher: Any, kind: str, size: int) -> None:
    hasher.update(kind.encode() + struct.pack("<Q", size))


def _feed(hasher: Any, part: Any) -> None:
    if part is None or isinstance(part, bool | int | float | complex):
        text = repr(part).encode()
        _mark(hasher, "number", len(text))
        hasher.update(text)
    elif isinstance(part, str | bytes):
        raw = part.encode() if isinstance(part, str) else part
        _mark(hasher, "text" if isinstance(part, str) else "bytes", len(raw))
        hasher.update(raw)
    elif isinstance(part, Mapping):
        _mark(hasher, "mapping", len(part))
        for key in sorted(part, key=str):
            _feed(hasher, key)
            _feed(hasher, part[key])
    elif isinstance(part, list | tuple):
        _mark(hasher, "sequence", len(part))
        for item in part:
            _feed(hasher, item)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        _mark(hasher, "object", 0)
        _feed(hasher, type(part).__qualname__)
        _feed(hasher, {f.name: getattr(part, f.name) for f in dataclasses.fields(part)})
    elif hasattr(part, "__array__"):
        import numpy as np

        array = np.ascontiguousarray(part)
        _feed(hasher, (str(array.dtype), np.asarray(part).shape))
        hasher.update(array.astype("S").tobytes() if array.dtype == object else array.tobytes())
    else:
        raise TypeError(f"digest() has no rule for {type(part).__name__}")
