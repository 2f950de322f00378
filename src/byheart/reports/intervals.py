"""Measures as intervals on one axis, drawn as SVG in percentages of its width, so that any width will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byheart.reports.facts import interval
from byheart.reports.words import known, plain, sentence

if TYPE_CHECKING:
    from byheart.diagnosis.verdict import Measure

ON_AXIS = ("share", "points")
STEPS = (1, 2, 5, 10, 20, 25, 50)
NAMES = {
    "share": "memorized", "null": "memorized by chance", "excess": "memorized beyond chance",
    "utility": "worth of the memorized", "drop": "fall from the peak", "worst_group": "weakest group",
    "worst_class": "weakest class", "class_fit": "that class, in training above held out",
    "group_utility": "their worth in the weakest group",
    "shortcut": "group that a shortcut misleads", "tree_group": "what a small tree gets wrong",
    "idle": "answered from idle inputs",
    "idle_worth": "worth of the idle inputs", "complexity": "complexity", "critical": "near another class",
    "twin": "against a regularized twin",
}  # fmt: skip

READS = {
    "utility": "Below zero, training without them helps", "drop": "Above zero, it got worse",
    "worst_group": "Against the average of all", "worst_class": "Against the average of all",
    "class_fit": "Near zero, it was not learned; far above, it was memorized", "shortcut": "Against all others",
    "tree_group": "Against the average of all; hard examples are hard for both, so that a gap of 30 points is common",
    "idle": "1: training examples are answered no better than new ones with the idle inputs of others",
    "idle_worth": "Below zero, training without them helps",
    "complexity": "As a multiple of the twin's; it differs between tasks, and says little alone",
    "critical": "Above zero, boundaries run closer to new examples than the twin's",
    "twin": "Below zero, the twin does better on new examples",
}  # fmt: skip


def span(measures: list[Measure]) -> tuple[float, float, float]:
    """Low end, high end and step of the common axis, in per cent; zero is always on it."""
    ends = [0.0, 1.0]
    for measure in drawable(measures):
        ends += [100 * e for e in interval(measure) or ()]
    low, high = min(ends), max(ends)
    step = next((s for s in STEPS if (high - low) / s <= 6), 100)
    return step * (low // step), step * -(-high // step), float(step)


def drawable(measures: list[Measure]) -> list[Measure]:
    """Those that were measured and are shares or points."""
    return [m for m in measures if m.measured and m.kind in ON_AXIS and known(m.value) and interval(m) is not None]


def axis(measures: list[Measure]) -> Any:
    """The axis with its ticks."""
    from markupsafe import Markup

    low, high, step = span(measures)
    ticks, at = [], low
    while at <= high + 1e-9:
        x = _at(at, low, high)
        ticks.append(
            f'<line x1="{x}" x2="{x}" y1="20" y2="26"/>'
            f'<text x="{x}" y="14" text-anchor="middle">{f"{at:.0f}".replace("-", "−")}</text>'
        )
        at += step
    return Markup(f"<svg>{''.join(ticks)}</svg>")


def rows(measures: list[Measure]) -> list[dict[str, Any]]:
    """One row a measure: name, text, the interval as SVG (nothing where it has no place on the axis), value."""
    low, high, _ = span(measures)
    inside = {id(m) for m in drawable(measures)}
    return [
        {
            "name": NAMES.get(m.name, plain(m.name)),
            "measured": m.measured and known(m.value),
            "shown": m.shown.replace("-", "−"),
            "text": told(m),
            "drawing": _drawn(m, low, high) if id(m) in inside else _empty(),
        }
        for m in measures
    ]


def told(measure: Measure) -> str:
    """What a measure rests on and how its sign reads; what would measure it when it was not."""
    if not measure.measured:
        return f"What would measure it: {measure.buys}." if measure.buys else ""
    return ". ".join(part for part in (sentence(measure.text).removesuffix("."), READS.get(measure.name, "")) if part)


def _drawn(measure: Measure, low: float, high: float) -> Any:
    from markupsafe import Markup

    ends = interval(measure) or (measure.value, measure.value)
    a, b = (_at(100 * e, low, high) for e in ends)
    x, zero = _at(100 * measure.value, low, high), _at(0, low, high)
    label = f"{100 * measure.value:.1f}, 95 % interval {100 * ends[0]:.1f} to {100 * ends[1]:.1f}"
    return Markup(
        f'<svg role="img" aria-label="{label}"><line class="track" x1="0" x2="100%" y1="13" y2="13"/>'
        f'<line class="zero" x1="{zero}" x2="{zero}" y1="0" y2="26"/>'
        f'<line class="interval" x1="{a}" x2="{b}" y1="13" y2="13"/>'
        f'<circle class="point" cx="{x}" cy="13" r="5"/></svg>'
    )


def _empty() -> Any:
    from markupsafe import Markup

    return Markup('<svg aria-hidden="true"></svg>')


def _at(value: float, low: float, high: float) -> str:
    return f"{100 * (value - low) / (high - low):.2f}%"
