"""Groups as numbers: which group each training row is in, and how many there are of each."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from byheart.base.errors import DataError
from byheart.runs.events import State


def codes_of(groups: np.ndarray) -> tuple[np.ndarray, Int[np.ndarray, "n"]]:
    """Names (G,) in alphabetical order, and each row's place (n,) among them, 0 to G - 1."""
    names, codes = np.unique(groups, return_inverse=True)
    return names, codes.astype(np.int64)


def groups_needed(name: str, state: State, part: str = "train") -> tuple[np.ndarray, Int[np.ndarray, "n"]]:
    """Names and codes of the groups of a part; DataError where it has none, before anything is trained."""
    groups = getattr(state.task, part).groups
    if groups is None:
        where = "training" if part == "train" else part
        raise DataError(
            f"{name} needs groups, and the {where} examples have none.",
            do="give them: Examples(..., groups=...); or take a method that needs none (jtt, mat, lff, eiil)",
        )
    return codes_of(groups)


def sizes(codes: Int[np.ndarray, "n"], count: int) -> Int[np.ndarray, "groups"]:
    """How many rows are in each of `count` groups."""
    return np.bincount(codes, minlength=count)
