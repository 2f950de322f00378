"""Splitting a data set that has no official test part."""

import numpy as np

from byheart.base.seeds import generator
from byheart.data.examples import Examples


def split(name: str, examples: Examples, train: int) -> tuple[Examples, Examples]:
    """`train` random examples and the rest, always the same, each in the original order."""
    order = generator(0, "builtin", name).permutation(len(examples))
    return examples.take(np.sort(order[:train])), examples.take(np.sort(order[train:]))
