"""One seed for a person, many for the machine: each is a hash of the path that leads to its use."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def spawn(seed: int, *path: int | str) -> int:
    """The seed for one use, in [0, 2^63); it depends on nothing but `seed` and `path`."""
    text = repr((int(seed), *(int(p) if not isinstance(p, str) else p for p in path)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator(seed: int, *path: int | str) -> np.random.Generator:
    """A NumPy generator for one use."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(spawn(seed, *path)))
