"""Nearest neighbours in standardized input space, exact copies, and a rule for pairs that are closer than chance
allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from byheart.base.seeds import generator

if TYPE_CHECKING:
    from byheart.data.examples import Examples
    from byheart.data.task import Task

K = 10  # neighbours that make an example's surroundings
DIMENSIONS = 64  # wider inputs are searched after a random projection; distances are then taken in full
MORE = 16  # candidates fetched after a projection, of which the nearest K are kept
FEWEST = 50  # with fewer examples there are no surroundings to compare with
EXPECTED = 0.05  # pairs so close that chance would give less than this many of them in the whole set


def points(task: Task, examples: Examples) -> np.ndarray:
    """Inputs (n, d) as the network sees them: standardized, flat, float32."""
    mean, deviation = task.scale
    return ((examples.inputs.astype(np.float32) - mean) / deviation).reshape(len(examples), -1)


def content(examples: Examples) -> np.ndarray:
    """A number (n,) per example; equal numbers stand for inputs that are equal byte for byte."""
    rows = np.ascontiguousarray(examples.inputs).reshape(len(examples), -1)
    if rows.dtype.kind == "f":
        rows = rows + np.zeros((), rows.dtype)  # minus zero equals zero
    places: dict[bytes, int] = {}
    return np.array([places.setdefault(row.tobytes(), i) for i, row in enumerate(rows)], np.int64)


def nearest(queries: np.ndarray, base: np.ndarray, k: int = K) -> tuple[np.ndarray, np.ndarray]:
    """Distances (q, k) and rows of `base` (q, k), nearest first; 60,000 x 60,000 takes about 20 CPU-seconds.

    Inputs wider than 64 are searched in a random projection (Johnson and Lindenstrauss, 1984) and measured in full.
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k, len(base))
    if base.shape[1] <= DIMENSIONS:
        return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(base).kneighbors(queries)
    matrix = generator(0, "projection", base.shape[1]).standard_normal((base.shape[1], DIMENSIONS)).astype(np.float32)
    fetched = min(max(k, MORE) if k <= MORE else k, len(base))
    search = NearestNeighbors(n_neighbors=fetched, algorithm="brute").fit(base @ matrix)
    rows = search.kneighbors(queries @ matrix, return_distance=False)
    distances = np.stack(
        [np.sqrt(np.square(queries - base[rows[:, j]]).sum(1, dtype=np.float64)) for j in range(fetched)], 1
    )
    order = np.argsort(distances, 1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, 1), np.take_along_axis(rows, order, 1)


def others(base: np.ndarray, k: int = K) -> tuple[np.ndarray, np.ndarray]:
    """Nearest other rows of the same set: distances (n, k) and rows (n, k)."""
    k = min(k, len(base) - 1)
    distances, rows = nearest(base, base, k + 1)
    self_last = np.argsort(rows == np.arange(len(base))[:, None], 1, kind="stable")[:, :k]
    return np.take_along_axis(distances, self_last, 1), np.take_along_axis(rows, self_last, 1)


def dimension(distances: np.ndarray) -> float:
    """Intrinsic dimension of the data from neighbour distances (n, k). Source: Levina and Bickel (2004), MacKay and
    Ghahramani's average.
    """
    usable = distances[(distances > 0).all(1)]
    if len(usable) == 0 or usable.shape[1] < 2:
        return float("nan")
    growth = float(np.mean(np.log(usable[:, -1:] / usable[:, :-1])))
    return 1 / growth if growth > 0 else float("nan")  # all neighbours equally far: a grid has no dimension


def too_close(distances: np.ndarray) -> np.ndarray:
    """Mask (n,) of examples whose nearest neighbour is nearer than chance allows, given neighbour distances (n, k).

    Where points lie evenly in D dimensions, the nearest of k is nearer than r times the k-th with probability 1 - (1
    - r^D)^(k-1). The mask marks those below EXPECTED / n, so that fewer than EXPECTED such examples are expected in
    the whole set.
    """
    n, k = distances.shape
    size = dimension(distances)
    if n < FEWEST or k < 3 or not np.isfinite(size):
        return np.zeros(n, bool)
    ratio = distances[:, 0] / np.maximum(distances[:, -1], np.finfo(float).tiny)
    chance = -np.expm1((k - 1) * np.log1p(-np.minimum(ratio**size, 1 - 1e-12)))
    return chance < EXPECTED / n


def sets_of(n: int, pairs: np.ndarray) -> np.ndarray:
    """Number (n,) of the set that each of n rows belongs to when pairs (m, 2) of rows belong together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(links, directed=False)[1]
