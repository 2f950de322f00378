"""Charts as Vega-Lite specifications, written with Altair; data come by name, colours from the page's style sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# colours are CSS variables, so that light, dark and paper need no second drawing (the charts are SVG)
SERIES = {
    "training": ("var(--blue)", []),
    "training, wrong labels": ("var(--purple)", [2, 2]),
    "training, clean labels": ("var(--blue)", [7, 3]),
    "validation": ("var(--green)", [5, 2]),
    "test": ("var(--vermillion)", []),
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
CONFIG: dict[str, Any] = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--quiet)", "titleColor": "var(--ink)", "gridColor": "var(--line)",
        "domainColor": "var(--rule)", "tickColor": "var(--rule)",
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 500, "titlePadding": 8,
        "labelPadding": 4, "domain": False, "ticks": False,
    },
    "legend": {
        "labelColor": "var(--ink)", "titleColor": "var(--ink)", "labelFontSize": 12, "orient": "top", "title": None,
        "symbolStrokeWidth": 2, "columnPadding": 14, "labelLimit": 220,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
}  # fmt: skip


def _finished(chart: Any, height: int) -> dict[str, Any]:
    spec = chart.properties(width="container", height=height).to_dict()
    spec.pop("$schema", None)
    spec["config"] = CONFIG
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def curves(table: pd.DataFrame, y: str, fmt: str, turn: int | None) -> dict[str, Any]:
    """Lines with bands of two standard errors; columns epoch, series, value, low, high; `turn` marks an epoch."""
    import altair as alt

    here = [name for name in SERIES if name in set(table["series"])]
    colour = alt.Color("series:N", legend=None, scale=alt.Scale(domain=here, range=[SERIES[s][0] for s in here]))
    dash = alt.StrokeDash(
        "series:N", legend=None, scale=alt.Scale(domain=here, range=[SERIES[s][1] or [1, 0] for s in here])
    )
    data = alt.Data(values=table.to_csv(index=False, float_format="%.4g"), format={"type": "csv"})
    base = alt.Chart(data).encode(x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, grid=False)))
    top: dict[str, Any] = {"domainMax": 1.0} if fmt.endswith("%") else {}
    value = alt.Y(
        "value:Q", title=y, axis=alt.Axis(format=fmt, tickCount=5), scale=alt.Scale(zero=False, nice=True, **top)
    )
    tips = [alt.Tooltip("epoch:Q"), alt.Tooltip("series:N"), alt.Tooltip("value:Q", format=fmt)]
    band = base.mark_area(opacity=0.14, clip=True).encode(y=alt.Y("low:Q", title=y), y2="high:Q", color=colour)
    line = base.mark_line(strokeWidth=2, interpolate="linear").encode(y=value, color=colour, strokeDash=dash)
    over = base.mark_point(opacity=0, size=90).encode(y=value, tooltip=tips)
    layers = [band, line, over]
    if turn is not None:
        mark = alt.Chart(alt.Data(values=[{"epoch": turn, "text": f"validation turns at {turn}"}]))
        layers.insert(0, mark.mark_rule(color="var(--quiet)", strokeDash=[3, 3]).encode(x="epoch:Q"))
        early = turn < 0.5 * float(table["epoch"].to_numpy().max())
        label = mark.mark_text(align="left" if early else "right", dx=-1 if early else 1, color="var(--quiet)")
        layers.append(label.encode(x="epoch:Q", y=alt.value(-8), text="text:N"))
    return _finished(alt.layer(*layers), 240)


def plane(groups: list[str], colours: list[str], shapes: list[str]) -> dict[str, Any]:
    """The map: a density of all examples, the notable ones drawn over it, a brush; data sets `density` and `points`."""
    import altair as alt

    brush = alt.selection_interval(
        name="brush",
        mark=alt.BrushConfig(fill="var(--accent)", fillOpacity=0.08, stroke="var(--accent)", strokeWidth=1.5),
    )
    density = (
        alt.Chart(alt.NamedData("density"))
        .mark_rect(color="var(--ink)", tooltip=False)
        .encode(
            x=alt.X("x0:Q", title="", axis=alt.Axis(tickCount=8, labelOverlap="greedy", labelSeparation=8)),
            x2="x1:Q",
            y=alt.Y("y0:Q", title="", axis=alt.Axis(tickCount=7)),
            y2="y1:Q",
            opacity=alt.Opacity("weight:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.04, 0.5])),
        )
    )
    points = (
        alt.Chart(alt.NamedData("points"))
        .mark_point(filled=True, size=34, opacity=0.85, stroke="var(--paper)", strokeWidth=0.5, cursor="pointer")
        .encode(
            x="x:Q",
            y="y:Q",
            color=alt.Color("group:N", legend=None, scale=alt.Scale(domain=groups, range=colours)),
            shape=alt.Shape("group:N", legend=None, scale=alt.Scale(domain=groups, range=shapes)),
            tooltip=[alt.Tooltip("id:N", title="example"), "given:N", "group:N"],
        )
        .add_params(brush)
    )
    return _finished(alt.layer(density, points), 420)


def tally(labels: int) -> dict[str, Any]:
    """Bars of how many of the chosen examples bear each label; data set `tally` with label, chosen, all."""
    import altair as alt

    base = alt.Chart(alt.NamedData("tally")).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=110, labelColor="var(--ink)"))
    )
    tips = ["label:N", alt.Tooltip("chosen:Q", format=","), alt.Tooltip("all:Q", format=",")]
    axis = alt.Axis(tickCount=4, tickMinStep=1, format=",d")
    behind = base.mark_bar(color="var(--line)", height={"band": 0.62}).encode(
        x=alt.X("all:Q", title="examples", axis=axis), tooltip=tips
    )
    bars = base.mark_bar(color="var(--accent)", height={"band": 0.62}).encode(x="chosen:Q", tooltip=tips)
    return _finished(alt.layer(behind, bars), 20 * max(labels, 1))


def trajectory() -> dict[str, Any]:
    """One example's loss by epoch over the middle 80% of all; data sets `one` and `all`."""
    import altair as alt

    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(grid=False, tickMinStep=1))
    band = (
        alt.Chart(alt.NamedData("all"))
        .mark_area(color="var(--quiet)", opacity=0.18)
        .encode(x=x, y="low:Q", y2="high:Q")
    )
    middle = alt.Chart(alt.NamedData("all")).mark_line(color="var(--quiet)", strokeWidth=1.5).encode(x=x, y="middle:Q")
    one = (
        alt.Chart(alt.NamedData("one"))
        .mark_line(color="var(--vermillion)", strokeWidth=2)
        .encode(x=x, y=alt.Y("loss:Q", title="loss", axis=alt.Axis(tickCount=4)))
    )
    return _finished(alt.layer(band, middle, one), 170)
