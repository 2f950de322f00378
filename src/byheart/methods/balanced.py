"""Balanced sampling: each group, or each class, is drawn equally often in every epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from byheart.base.seeds import generator
from byheart.methods.groups import codes_of, groups_needed
from byheart.methods.method import method, within
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State


def probabilities(codes: Int[np.ndarray, "n"], strength: float = 1.0) -> Float[np.ndarray, "n"]:
    """How likely each row is drawn, (n,), summing to 1: in proportion to (size of its group) ** -strength.

    At 1 every group has the same mass, at 0 every row.
    """
    weights = np.bincount(codes).astype(np.float64)[codes] ** -strength
    return weights / weights.sum()


def drawn(
    rows: Int[np.ndarray, "n"], codes: Int[np.ndarray, "n"], strength: float, random: np.random.Generator
) -> Int[np.ndarray, "n"]:
    """As many rows as there are, drawn with replacement."""
    return random.choice(rows, len(rows), p=probabilities(codes, strength))


@dataclass(frozen=True)
class Balanced:
    """Rows of an epoch are drawn with replacement; `strength` 1 gives every part the same mass, 0 is plain training."""

    strength: float = 1.0

    def __post_init__(self) -> None:
        within("strength", self.strength, 0, 1)

    def begin(self, state: State, name: str, codes: np.ndarray) -> None:
        """Keep the rows that are drawn from, and their codes."""
        state.own[name] = {"rows": state.rows.copy(), "codes": codes[state.rows]}

    def draw(self, state: State, name: str) -> None:
        """The rows of this epoch; they depend on seed and epoch alone."""
        if self.strength:
            own, random = state.own[name], generator(state.seed, name, state.epoch)
            state.rows = drawn(own["rows"], own["codes"], self.strength, random)


@method("group_balanced", acts_on="sample", source="Idrissi et al. 2022", needs_groups=True)
@dataclass(frozen=True)
class GroupBalanced(Balanced):
    """Draws each given group equally often, with replacement, so that no group is learned for its size."""

    def fit_start(self, state: State) -> None:
        self.begin(state, "group_balanced", groups_needed("group_balanced", state)[1])

    def epoch_start(self, state: State) -> None:
        self.draw(state, "group_balanced")


@method("class_balanced", acts_on="sample", source="Idrissi et al. 2022")
@dataclass(frozen=True)
class ClassBalanced(Balanced):
    """Draws each class equally often, with replacement, so that no class is learned for its size."""

    def fit_start(self, state: State) -> None:
        classes_needed("class_balanced", state)
        self.begin(state, "class_balanced", codes_of(state.task.train.targets)[1])

    def epoch_start(self, state: State) -> None:
        self.draw(state, "class_balanced")
