"""The ROC of the attacks on logarithmic axes, where few false alarms can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byheart.privacy.own_target import OwnTarget
from byheart.privacy.roc import LEAST_ALARMS
from byheart.reports.figures import _finished
from byheart.reports.privacy import points

if TYPE_CHECKING:
    from byheart.privacy.leakage import Leakage

LINES = (("var(--vermillion)", [1, 0]), ("var(--blue)", [5, 2]), ("var(--green)", [2, 2]), ("var(--purple)", [7, 3]))


def roc(found: Leakage | OwnTarget) -> dict[str, Any]:
    """Hits over false alarms, from one false alarm to all; the diagonal is guessing."""
    import altair as alt

    rows = points(found)
    names = list(dict.fromkeys(row["attack"] for row in rows))
    least = 1 / max(found.others if isinstance(found, OwnTarget) else found.first.others, 2)
    text = "\n".join(["attack,fpr,tpr,low,high", *(
        f'"{r["attack"]}",{r["fpr"]:.4g},{r["tpr"]:.4g},{r["low"]:.4g},{r["high"]:.4g}' for r in rows
    )]).replace("nan", "")  # fmt: skip
    base = alt.Chart(alt.Data(values=text, format={"type": "csv"}))
    scale = alt.Scale(type="log", domain=[least, 1], nice=False)
    axis = alt.Axis(format="~%", tickCount=4, values=[1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1])
    x = alt.X("fpr:Q", title="false alarms", scale=scale, axis=axis)
    y = alt.Y("tpr:Q", title="records recognized", scale=scale, axis=axis)
    colours, dashes = zip(*LINES[: len(names)], strict=True)
    legend = alt.Legend(orient="top", columns=2, symbolType="stroke")
    colour = alt.Color("attack:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=list(colours)))
    dash = alt.StrokeDash("attack:N", legend=legend, title=None, scale=alt.Scale(domain=names, range=list(dashes)))
    tips = [alt.Tooltip("attack:N"), alt.Tooltip("fpr:Q", format=".3~%", title="false alarms"),
            alt.Tooltip("tpr:Q", format=".3~%", title="recognized")]  # fmt: skip
    band = base.transform_filter("isValid(datum.high) && datum.high > 0").mark_area(
        opacity=0.16, color=LINES[0][0], clip=True
    ).encode(x=x, y=alt.Y("low:Q", title="records recognized", scale=scale, axis=axis), y2="high:Q")  # fmt: skip
    line = base.mark_line(strokeWidth=2, clip=True).encode(x=x, y=y, color=colour, strokeDash=dash)
    over = base.mark_point(opacity=0, size=90).encode(x=x, y=y, tooltip=tips)
    ends = alt.Data(values=[{"fpr": least, "tpr": least}, {"fpr": 1, "tpr": 1}])
    chance = alt.Chart(ends).mark_line(color="var(--quiet)", strokeDash=[3, 3], strokeWidth=1).encode(x=x, y=y)
    layers = [chance, band, line, over]
    if LEAST_ALARMS * least < 1:
        mark = alt.Chart(alt.Data(values=[{"fpr": LEAST_ALARMS * least, "text": "resolvable from here"}]))
        layers.insert(0, mark.mark_rule(color="var(--quiet)", strokeDash=[2, 4]).encode(x=x))
        layers.append(
            mark.mark_text(align="left", dx=5, color="var(--quiet)").encode(x=x, y=alt.value(8), text="text:N")
        )
    return _finished(alt.layer(*layers), 320)
