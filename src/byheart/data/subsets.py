"""Which run sees which example: subset masks, halves and folds, all from a seed."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.seeds import generator

BLOCK = 20


def masks(n: int, models: int, seed: int, share: float = 0.7) -> np.ndarray:
    """Membership (models, n): row k says which examples model k is trained on.

    Masks come in blocks of 20 models, block b from (seed, b) alone, so more models never change earlier rows. Within a
    block the examples, in random order, are cut into chunks of 20; a chunk is a 20 x 20 circulant with 20 * share ones
    in each row and column, its rows permuted: every example is in exactly 20 * share models of each whole block.
    """
    if n < 2 or models < 1:
        raise UsageError(f"{models} subsets of {n} examples make no sense.", do="give at least 2 examples and 1 model")
    return np.concatenate([_block(n, b, seed, share) for b in range(-(-models // BLOCK))])[:models]


def mask(n: int, model: int, seed: int, share: float = 0.7) -> np.ndarray:
    """Membership (n,) of one model, from 0: that row of `masks`, without the blocks before it."""
    return _block(n, model // BLOCK, seed, share)[model % BLOCK]


def _block(n: int, block: int, seed: int, share: float) -> np.ndarray:
    inside = round(BLOCK * share)
    if not 0 < inside < BLOCK or abs(inside - BLOCK * share) > 1e-9:
        raise UsageError(f"share={share} cannot be kept exactly.", do="give a multiple of .05 between .05 and .95")
    circulant = (np.arange(BLOCK)[None] - np.arange(BLOCK)[:, None]) % BLOCK < inside
    random = generator(seed, "subsets", block)
    order = random.permutation(n)
    chunks = -(-n // BLOCK)
    rows = random.permuted(np.tile(np.arange(BLOCK), (chunks, 1)), axis=1)
    member = np.empty((BLOCK, n), bool)
    member[:, order] = circulant[rows].transpose(1, 0, 2).reshape(BLOCK, -1)[:, :n]
    return member


def halves(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random halves of the rows (the first has the odd one), sorted."""
    order = generator(seed, "halves").permutation(n)
    return np.sort(order[: -(-n // 2)]), np.sort(order[-(-n // 2) :])


def threshold_sets(targets: np.ndarray, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random sets of n // (classes + 1) rows, ascending: those that get an extra class in one of two runs.

    Pleiss et al. 2020. Errors: UsageError for fewer examples than that makes one.
    """
    count = len(targets) // (classes + 1)
    if count < 1:
        raise UsageError(
            f"{len(targets)} examples are too few for threshold samples of {classes} classes.",
            do=f"give at least {classes + 1}",
        )
    order = generator(seed, "threshold samples").permutation(len(targets))
    return np.sort(order[:count]), np.sort(order[count : 2 * count])


def folds(targets: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The fold (n,) of each row, 0 to count - 1; every class (for floats: everything) is spread evenly."""
    n = len(targets)
    if not 2 <= count <= n:
        raise UsageError(f"{count} folds of {n} examples make no sense.", do=f"give 2 to {n}")
    random = generator(seed, "folds")
    order = random.permutation(n)
    if targets.dtype.kind in "iuU":
        order = order[np.argsort(targets[order], kind="stable")]
    fold = np.empty(n, np.int64)
    fold[order] = np.arange(n) % count
    return fold
