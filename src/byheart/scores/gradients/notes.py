"""What a reader must know of how gradients were read: which parameters the slow way, and with which damping."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

NAMED = 8  # more names are counted


def read_slowly(slow: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each reason why gradients were formed one example at a time; none where no parameter's were."""
    by_reason: dict[str, list[str]] = {}
    for name, why in slow.items():
        by_reason.setdefault(why, []).append(name)
    return tuple(f"one example at a time, since {why}: {listed(names)}" for why, names in by_reason.items())


def damped(damping: Mapping[str, float], share: float) -> str:
    """The damping that was chosen, by layer: all values of a few layers, the least and the largest of many."""
    chosen = f"damping of {share:g} of the mean eigenvalue: "
    damping = {name: damping[name] for name in sorted(damping, key=in_order)}
    if len(damping) <= NAMED:
        return chosen + ", ".join(f"{value:.2g} ({name or 'the network'})" for name, value in damping.items())
    least, most = min(damping, key=damping.__getitem__), max(damping, key=damping.__getitem__)
    return f"{chosen}from {damping[least]:.2g} ({least}) to {damping[most]:.2g} ({most}), {len(damping)} layers"


def in_order(name: str) -> str:
    """Sorts names by the numbers in them, 2 before 10: fits come in an order that differs from call to call."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(6), name)


def listed(names: Iterable[str]) -> str:
    """Names, the first few of many."""
    names = list(names)
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
