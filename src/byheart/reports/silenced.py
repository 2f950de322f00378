"""The units that hold memorized examples, for the section on layers: a sentence, a table, numbers for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.diagnosis.silenced import UNITS, fewer, median, needed

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.diagnosis.location import Location

HEADS = ["units silenced, one after the other", "memorized", "others"]
CHANCE = 0.05
WHO = ("of them", "others")


def words(found: Location, task: Task) -> str:
    """How many units an answer needs, and where those of the memorized sit."""
    if found.flipped.empty:
        return f"Units were not silenced: {found.unflipped}."
    units, table = needed(found.flipped), found.flipped
    own, other = (f"of {len(v)} {who}, {half(v, 'the answers')}" for v, who in zip(units.values(), WHO, strict=True))
    chance = fewer(units["memorized"], units["others"])
    told = "The first need fewer, beyond chance" if chance < CHANCE else "That the first need fewer may be chance"
    mine = table[table["memorized"].astype(bool)]
    sums = {layer: sum(part["units"].tolist()) for layer, part in mine.groupby("layer", sort=False)}
    first = max(sums, key=lambda layer: sums[layer])
    most = f"{100 * sums[first] / sum(sums.values()):.0f} % sits in `{name(task, first)}`"
    return (
        f"Units silenced one after the other: {own}; {other}. {told} (p = {small(chance)}). "
        f"Of what was silenced for the first, {most}."
    )


def table(found: Location, task: Task) -> dict[str, Any] | None:
    """Heads and lines: the medians, then the mean number in each activation; None where no unit was silenced."""
    if found.flipped.empty:
        return None
    units = needed(found.flipped)
    lines = [["until the answer flips, median [95 %]", *(interval(units[k]) for k in ("memorized", "others"))]]
    for layer, part in found.flipped.groupby("layer", sort=False):
        own = part["memorized"].to_numpy(bool)
        means = (part["units"].to_numpy(float)[mask].mean() for mask in (own, ~own))
        lines.append([f"of these in {name(task, layer)}, mean", *(f"{mean:.1f}" for mean in means)])
    return {"heads": HEADS, "lines": lines}


def name(task: Task, layer: object) -> str:
    """An activation as it is shown: its name in the network, and what it is."""
    return f"{layer} {type(task.build().get_submodule(str(layer))).__name__}".strip()


def line(found: Location) -> str:
    """In a few words, for the terminal; "" where no unit was silenced."""
    if found.flipped.empty:
        return ""
    own, other = needed(found.flipped).values()
    return f"{half(own, 'their answers')}; {half(other, 'the others')}"


def content(found: Location) -> dict[str, Any]:
    """The numbers for machines; null is a median of more units than were silenced, or an end that is not known."""
    if found.flipped.empty:
        return {"not_measured": found.unflipped}
    units = needed(found.flipped)
    return {
        "most": UNITS, "chance": fewer(units["memorized"], units["others"]),
        "median": {name: median(values)._asdict() for name, values in units.items()},
        "examples": found.flipped.to_dict("records"),
    }  # fmt: skip


def interval(values: np.ndarray) -> str:
    """Such as: 2 [1, more than 25]."""
    found = median(values)
    ends = f" [{shown(found.low)}, {shown(found.high)}]" if found.low == found.low else ""
    return shown(found.value) + ends


def half(units: np.ndarray, whose: str) -> str:
    """A median in words, such as: half of the answers flip once 2 units are silenced."""
    value = median(units).value
    if not np.isfinite(value):
        return f"fewer than half of {whose} flip with {UNITS} units silenced"
    return f"half of {whose} flip once {value:.0f} {'unit is' if value == 1 else 'units are'} silenced"


def shown(units: float) -> str:
    """A count, or that it is beyond what was tried."""
    return f"{units:.0f}" if np.isfinite(units) else f"more than {UNITS}"


def small(chance: float) -> str:
    """A probability."""
    return f"{chance:.3f}" if chance >= 0.001 else f"{chance:.0e}"
