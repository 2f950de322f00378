"""Layer by layer: right answers on the memorized and on the others with the layer rewound, and with it begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byheart.reports.figures import _finished
from byheart.reports.location import ANEW, OTHERS, REWOUND

if TYPE_CHECKING:
    import pandas as pd

MARKS = {
    REWOUND: ("var(--vermillion)", "circle"), OTHERS: ("var(--blue)", "square"), ANEW: ("var(--purple)", "diamond"),
}  # fmt: skip
ROOM, TIGHT, MANY = 48, 30, 16  # pixels of a layer; of one among many


def by_layer(table: pd.DataFrame) -> dict[str, Any]:
    """Marks with their intervals, one line of three a layer; columns layer, what, value, low, high."""
    import altair as alt

    layers = list(dict.fromkeys(table["layer"]))
    data = alt.Data(values=table.to_csv(index=False, float_format="%.4g"), format={"type": "csv"})
    axis = alt.Axis(labelLimit=130, labelColor="var(--ink)")
    base = alt.Chart(data).encode(
        y=alt.Y("layer:N", title=None, sort=layers, axis=axis, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1)),
        yOffset=alt.YOffset("what:N", sort=list(MARKS)),
    )
    colours, shapes = zip(*MARKS.values(), strict=True)
    legend = alt.Legend(orient="top", columns=1, symbolType="circle")
    domain = list(MARKS)
    colour = alt.Color("what:N", title=None, legend=legend, scale=alt.Scale(domain=domain, range=list(colours)))
    shape = alt.Shape("what:N", title=None, legend=legend, scale=alt.Scale(domain=domain, range=list(shapes)))
    scale = alt.Scale(domain=[0, 1])
    ends = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("value:Q", title="right answers", scale=scale, axis=ends)
    tips = [alt.Tooltip("layer:N"), alt.Tooltip("what:N", title="of"), alt.Tooltip("value:Q", format=".1%"),
            alt.Tooltip("low:Q", format=".1%"), alt.Tooltip("high:Q", format=".1%")]  # fmt: skip
    spread = base.mark_rule(strokeWidth=2, opacity=0.55).encode(
        x=alt.X("low:Q", title="right answers", scale=scale, axis=ends), x2="high:Q", color=colour
    )
    point = base.mark_point(filled=True, size=80, opacity=1).encode(x=x, color=colour, shape=shape, tooltip=tips)
    return _finished(alt.layer(spread, point), (ROOM if len(layers) <= MANY else TIGHT) * len(layers))
