"""What a study found, as SVG that needs no script; colours are the page's CSS variables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from byheart.reports.sweep_figures import COLOURS, drawn
from byheart.studies.evidence import Evidence, Finding

WIDE, NARROW = (620, 300), (340, 280)
STRIP, EDGE = (190, 24), 8  # width and height, and the free margin, in pixels


def strip(f: Finding) -> str:
    """A criterion in one line: the side that meets it shaded, a tick for every seed, the interval, a ring for the
    control.
    """
    ends = [f.criterion.line, *f.seeds, f.found.low, f.found.high, f.control.value if f.control else math.nan]
    known = [v for v in ends if math.isfinite(v)]
    low, high = min(known), max(known)
    width, height = STRIP
    scale = (width - 2 * EDGE) / ((high - low) or 1.0)

    def x(value: float) -> float:
        return EDGE + (value - low) * scale

    line, middle = x(f.criterion.line), height / 2
    upward = f.criterion.sense in ("at least", "above")
    start, end = (line, width) if upward else (0, line)
    parts = [f'<rect x="{start:.1f}" y="3" width="{end - start:.1f}" height="{height - 6}" fill="var(--line)"/>']
    parts.append(f'<path d="M{line:.1f} 1V{height - 1}" stroke="var(--ink)" stroke-width="1.5"/>')
    if math.isfinite(f.found.low) and math.isfinite(f.found.high):
        parts.append(
            f'<path d="M{x(f.found.low):.1f} {middle}H{x(f.found.high):.1f}" stroke="var(--blue)" stroke-width="2"/>'
        )
    parts += [
        f'<path d="M{x(v):.1f} {middle - 5}v10" stroke="var(--blue)" stroke-width="1.5"/>'
        for v in f.seeds
        if math.isfinite(v)
    ]
    if f.control and math.isfinite(f.control.value):
        parts.append(
            f'<circle cx="{x(f.control.value):.1f}" cy="{middle}" r="4" fill="none" stroke="var(--vermillion)" '
            f'stroke-width="1.5"/>'
        )
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} aria-hidden="true">{"".join(parts)}</svg>'


def curves(evidence: Evidence) -> list[tuple[str, str]]:
    """The study's curves, averaged over seeds, for wide and for narrow screens, as (CSS class, SVG); none without."""
    lines = averaged(evidence)
    if not lines:
        return []
    chart = chart_of(lines, evidence.readings[0].x, evidence.readings[0].y)
    return [("on-wide", drawn(chart, WIDE)), ("on-narrow", drawn(chart, NARROW))]


def averaged(evidence: Evidence) -> list[tuple[str, list[tuple[float, float]]]]:
    """Each curve's points, averaged over the seeds that have it, and cut to what all of them have."""
    found: dict[str, list[list[tuple[float, float]]]] = {}
    for reading in evidence.readings:
        for curve in reading.curves:
            found.setdefault(curve.name, []).append(list(zip(curve.x, curve.y, strict=True)))
    lines = []
    for name, seeds in found.items():
        length = min(len(points) for points in seeds)
        x, y = np.array([points[:length] for points in seeds], np.float64).mean(0).T if length else ((), ())
        lines.append((name, [(float(a), float(b)) for a, b in zip(x, y, strict=True) if math.isfinite(b)]))
    return lines


def legend(evidence: Evidence) -> list[tuple[str, str]]:
    """(colour, name) of each curve."""
    return [(f"var(--{COLOURS[k % len(COLOURS)]})", name) for k, (name, _) in enumerate(averaged(evidence))]


def chart_of(lines: list[tuple[str, list[tuple[float, float]]]], x: str, y: str) -> Any:
    """Lines with points where there are few of them."""
    import altair as alt

    rows = [
        {"x": a, "y": b, "name": name, "again": k >= len(COLOURS), "colour": f"var(--{COLOURS[k % len(COLOURS)]})"}
        for k, (name, points) in enumerate(lines)
        for a, b in points
    ]
    many = max(len(points) for _, points in lines) > 12
    positive = min(r["x"] for r in rows) > 0 and max(r["x"] for r in rows) > 50 * min(r["x"] for r in rows) and not many
    across = alt.X(
        "x:Q", title=x, scale=alt.Scale(type="log" if positive else "linear", nice=False, zero=False),
        axis=alt.Axis(grid=False, tickCount=6),
    )  # fmt: skip
    up = alt.Y("y:Q", title=y, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=5))
    base = alt.Chart(alt.Data(values=rows)).encode(x=across, y=up, color=alt.Color("colour:N", scale=None, legend=None))
    line = base.mark_line(strokeWidth=2)
    return line if many else line + base.mark_point(filled=True, size=45, opacity=1)
