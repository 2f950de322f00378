"""Which model is attacked on which example, and which other is set aside, so that counts give nothing away.

Masks are often balanced: every example is in 14 of 20 models. Who leaves the target out and counts 13 among the rest
knows that the target had it, and attacks whose score shifts with the count read AUC below .5 where nothing leaks. So
targets come in pairs, one that had the example and one that had not, and neither is among the references of the other:
given the references, which of the two had it is a fair coin, however the masks were drawn.
"""

from __future__ import annotations

import zlib

import numpy as np
from jaxtyping import Bool, Int, Shaped, UInt64

CHUNK = 4096  # examples at a time


def partners(member: Bool[np.ndarray, "models n"], ids: Shaped[np.ndarray, "n"]) -> Int[np.ndarray, "models n"]:
    """The model (models, n) that is paired with each on each example; -1 where it is not attacked.

    One of the two trained on the example, and as many pairs are made as the smaller side allows, at random by id, so
    that the order of the examples does not matter.
    """
    models, n = member.shape
    found = np.full((models, n), -1, np.int16)
    for first in range(0, n, CHUNK):
        part = slice(first, first + CHUNK)
        inside, key = member[:, part], keys(models, ids[part])
        order = [np.argsort(np.where(side, key, ~np.uint64(0)), axis=0, kind="stable") for side in (inside, ~inside)]
        count = np.minimum(inside.sum(0), (~inside).sum(0))
        rank, column = np.nonzero(np.arange(models)[:, None] < count)
        a, b = (o[rank, column] for o in order)
        block = found[:, part]
        block[a, column], block[b, column] = b, a
    return found


def halves(ids: Shaped[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
    """Which of two random halves each example is in (n,), by its id alone."""
    return keys(1, ids)[0] & np.uint64(1) == 1


def keys(models: int, ids: Shaped[np.ndarray, "n"]) -> UInt64[np.ndarray, "models n"]:
    """Numbers (models, n) as good as random, from model and id alone. Source: Steele et al. 2014, splitmix64."""
    own = np.fromiter((zlib.crc32(str(i).encode()) for i in ids.tolist()), np.uint64, len(ids))
    z = (own << np.uint64(16)) + np.arange(models, dtype=np.uint64)[:, None]
    z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return (z ^ (z >> np.uint64(31))) >> np.uint64(1)  # below the mark of the other side
