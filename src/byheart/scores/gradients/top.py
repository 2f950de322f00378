"""The largest and smallest values of each row of a matrix that comes by in blocks of columns and is never held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from byheart.base.errors import UsageError


@dataclass(frozen=True, eq=False)
class Top:
    """For each of m examples the k training examples that help it most, and those that hurt it most.

    `helpful`, `harmful` (m, k): row numbers; `helpful_values` descending, `harmful_values` ascending. `slow` names the
    parameters whose gradients were formed one by one, with the reason.
    """

    helpful: Int[Tensor, "m k"]
    helpful_values: Float[Tensor, "m k"]
    harmful: Int[Tensor, "m k"]
    harmful_values: Float[Tensor, "m k"]
    slow: dict[str, str] = field(default_factory=dict)


def check_top(top: int, n: int) -> None:
    """UsageError when there are fewer training examples than are asked for."""
    if not 1 <= top <= n:
        raise UsageError(f"top={top} of {n} training examples.", do="ask for at least 1, at most all")


def top_of(blocks: Iterable[Float[Tensor, "m n"]], top: int) -> Top:
    """The `top` largest and smallest of each row, exactly, from blocks of columns in their order."""
    best: list[tuple[Tensor, Tensor] | None] = [None, None]
    begin = 0
    for values in blocks:
        best = [merged(old, values, begin, top, largest) for old, largest in zip(best, (True, False), strict=True)]
        begin += values.shape[1]
    (high, helpful), (low, harmful) = (found for found in best if found is not None)
    return Top(helpful, high, harmful, low)


def joined(parts: Iterable[Top], slow: dict[str, str] | None = None) -> Top:
    """The rows of several, one after the other, of gradients that were read so."""
    fields = ("helpful", "helpful_values", "harmful", "harmful_values")
    found = list(parts)
    return Top(*(torch.cat([getattr(part, name) for part in found]) for name in fields), slow=dict(slow or {}))


def merged(
    old: tuple[Tensor, Tensor] | None, values: Float[Tensor, "m n"], begin: int, top: int, largest: bool
) -> tuple[Tensor, Tensor]:
    """The best of those known and of a block that begins at column `begin`: values and columns."""
    new, columns = values.topk(min(top, values.shape[1]), largest=largest)
    if old is None:
        return new, columns + begin
    both, where = torch.cat([old[0], new], 1), torch.cat([old[1], columns + begin], 1)
    chosen, order = both.topk(min(top, both.shape[1]), largest=largest)
    return chosen, where.gather(1, order)
