"""A sweep's charts as SVG that needs no script; colours are the page's CSS variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.reports import sweep_words as words
from byheart.reports.figures import CONFIG

if TYPE_CHECKING:
    from byheart.controls.learning_curve import LearningCurve
    from byheart.controls.swept import Sweep

COLOURS = ("blue", "vermillion", "green", "purple", "orange", "sky", "grey")
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
WIDE, NARROW = (780, 400), (340, 320)  # width and height, in pixels
PARTS = ("", "_low", "_high")  # a column and its interval
NUMBERED = 9  # settings that can all bear their numbers without covering one another
POINTS = 60  # along a fitted law


def drawn(chart: Any, size: tuple[int, int]) -> str:
    """An Altair chart as SVG of that size."""
    import vl_convert

    spec = chart.properties(width=size[0], height=size[1]).to_dict()
    spec |= {"config": CONFIG, "autosize": {"type": "fit", "contains": "padding"}}
    return vl_convert.vegalite_to_svg(spec)


def keys(sweep: Sweep) -> tuple[dict[str, str], dict[str, str]]:
    """Level of the first factor -> colour, level of the second -> shape; empty where there are too many levels."""
    first, second = (sweep.factors[k].texts if len(sweep.factors) > k else () for k in (0, 1))
    return matched(first, COLOURS), matched(second, SHAPES)


def matched(levels: tuple[str, ...], looks: tuple[str, ...]) -> dict[str, str]:
    """A look for each level, if there are enough."""
    return dict(zip(levels, looks, strict=False)) if len(levels) <= len(looks) else {}


def plane(sweep: Sweep) -> Any | None:
    """What is memorized against test accuracy (loss), a point a setting, the frontier as a line; None where nothing
    trained. Of many settings only the frontier and the best are numbered.
    """
    import altair as alt

    points = settings(sweep)
    if not points:
        return None
    share, percent = words.in_percent(sweep, sweep.measure), sweep.metric == "accuracy"
    x = alt.X("x:Q", title=words.MEASURES[sweep.measure][1], scale=alt.Scale(zero=False, nice=True), axis=axis(share))
    y = alt.Y("y:Q", title=f"test {sweep.metric}", scale=alt.Scale(zero=False, nice=True), axis=axis(percent))
    base = alt.Chart(alt.Data(values=points))
    quiet: dict[str, Any] = {"color": "var(--rule)", "strokeWidth": 1.5}
    bars = [
        base.mark_rule(**quiet).encode(x=alt.X("x0:Q", title=""), x2="x1:Q", y=y),
        base.mark_rule(**quiet).encode(x=x, y=alt.Y("y0:Q", title=""), y2="y1:Q"),
    ]
    front = base.transform_filter("datum.frontier")
    line = front.mark_line(color="var(--ink)", strokeDash=[4, 3], strokeWidth=1.25).encode(x=x, y=y, order="x:Q")
    colour, shape = alt.Color("colour:N", scale=None, legend=None), alt.Shape("shape:N", scale=None, legend=None)
    marks = base.mark_point(filled=True, size=90, opacity=1, stroke="var(--paper)", strokeWidth=1)
    marks = marks.encode(x=x, y=y, color=colour, shape=shape)
    ring = front.mark_point(filled=False, size=230, color="var(--ink)", strokeWidth=1.5).encode(x=x, y=y)
    label = base.mark_text(align="left", dx=9, dy=-9, fontSize=12).encode(x=x, y=y, text="setting:N")
    return alt.layer(*bars, line, ring, marks, label)


def settings(sweep: Sweep) -> list[dict[str, Any]]:
    """The points of the plane; where an interval is not known its ends are the value."""
    ends = {"x": sweep.measure, "y": "test"}
    values = {(end, part): sweep.table[f"{name}{part}"].to_numpy(float) for end, name in ends.items() for part in PARTS}
    colours, shapes = (
        [key.get(level) for level in levels] for key, levels in zip(keys(sweep), levels_of(sweep), strict=True)
    )
    numbers, front = sweep.table["setting"].tolist(), sweep.table["frontier"].tolist()
    found = []
    for k in np.flatnonzero(np.isfinite(values["x", ""]) & np.isfinite(values["y", ""])):
        named = front[k] or k == sweep.best or len(front) <= NUMBERED
        row: dict[str, Any] = {"setting": str(numbers[k]) if named else "", "frontier": bool(front[k])}
        row |= {"colour": f"var(--{colours[k] or 'blue'})", "shape": shapes[k] or "circle"}
        for end in ends:
            value, *around = (float(values[end, part][k]) for part in PARTS)
            row[end] = words.finite(value)
            row |= {f"{end}{i}": words.finite(v if np.isfinite(v) else value) for i, v in enumerate(around)}
        found.append(row)
    return found


def levels_of(sweep: Sweep) -> tuple[list[str], list[str]]:
    """Each setting's level of the first and of the second factor; empty texts where there is no second."""
    names = [f.name for f in sweep.factors]
    second = sweep.table[names[1]].tolist() if len(names) > 1 else [""] * len(sweep.table)
    return sweep.table[names[0]].tolist(), second


def learning(sweep: Sweep) -> Any | None:
    """Error (loss) over the number of training examples, with the laws up to twice as many; None without curves."""
    import altair as alt

    shown = list(zip(sweep.curves, COLOURS, strict=False))
    if not shown:
        return None
    points = [row for curve, colour in shown for row in measured(curve, colour)]
    lines = [
        row for curve, colour in shown for row in (measured(curve, colour) if curve.reason else law(curve, colour))
    ]
    percent = sweep.metric == "accuracy"
    ticks = alt.Axis(grid=False, tickCount=6, format=",d")
    x = alt.X("n:Q", title="training examples", scale=alt.Scale(type="log", nice=False), axis=ticks)
    y = alt.Y("e:Q", title="test error" if percent else "test loss", scale=alt.Scale(nice=True), axis=axis(percent))
    colour = alt.Color("colour:N", scale=None, legend=None)
    dash = alt.StrokeDash("beyond:N", legend=None, scale=alt.Scale(domain=[False, True], range=[[1, 0], [3, 4]]))
    line = alt.Chart(alt.Data(values=lines)).mark_line(strokeWidth=2)
    mark = alt.Chart(alt.Data(values=points)).mark_point(filled=True, size=70, opacity=1)
    return alt.layer(line.encode(x=x, y=y, color=colour, strokeDash=dash), mark.encode(x=x, y=y, color=colour))


def measured(curve: LearningCurve, colour: str) -> list[dict[str, Any]]:
    """What was measured at each size."""
    return [point(n, e, colour, False) for n, e in zip(curve.sizes, curve.errors, strict=True)]


def law(curve: LearningCurve, colour: str) -> list[dict[str, Any]]:
    """The fitted law, and as a part of its own how it would go on to twice the largest size."""
    ends = ((curve.sizes[0], curve.sizes[-1], False), (curve.sizes[-1], 2 * curve.sizes[-1], True))
    return [
        point(n, curve.at(n), colour, beyond) for low, high, beyond in ends for n in np.geomspace(low, high, POINTS)
    ]


def point(n: float | int, error: float, colour: str, beyond: bool) -> dict[str, Any]:
    """One point of a learning curve."""
    return {"n": float(n), "e": words.finite(error), "colour": f"var(--{colour})", "beyond": beyond}


def axis(percent: bool) -> Any:
    """An axis in per cent, or in the unit of the loss."""
    import altair as alt

    return alt.Axis(format=".0%" if percent else "~g", tickCount=6)
