"""A sweep as one HTML page without a script: the picture, what stands out, the table."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.registry import register
from byheart.base.store import atomically
from byheart.reports import sweep_figures as figures
from byheart.reports import sweep_words as words
from byheart.reports.html import asset
from byheart.reports.words import count, glued, sentence

if TYPE_CHECKING:
    from byheart.controls.swept import Sweep


@register("writer", "sweep_html")
def sweep_html(sweep: Sweep, path: str | Path) -> Path:
    """Write the page; it opens from disk, in light and dark, and asks nothing of the network."""
    text = rendered(sweep)
    return atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def rendered(sweep: Sweep) -> str:
    """The page as text; whatever comes from data or from the command is escaped."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from byheart import __version__

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"glued": glued, "sentence": sentence}
    return environment.from_string(asset("sweep.html.j2")).render(
        content(sweep), css=Markup(asset("report.css")), version=__version__,
        date=datetime.datetime.now(datetime.UTC).strftime("%d %B %Y, %H:%M UTC"),
    )  # fmt: skip


def content(sweep: Sweep) -> dict[str, Any]:
    """What the template prints."""
    colours, shapes = figures.keys(sweep)
    names = [f.name for f in sweep.factors]
    legend = [(f"{names[0]} {level}", f"var(--{colour})", "circle") for level, colour in colours.items()]
    legend += [(f"{names[1]} {level}", "var(--quiet)", shape) for level, shape in shapes.items()]
    plane, learning = figures.plane(sweep), figures.learning(sweep)
    front = [str(n) for n in sweep.frontier["setting"]]
    factors = len(sweep.factors)
    return {
        "task": sweep.name,
        "about": f"{len(sweep.table)} settings, {count(sweep.seeds)} seeds each, seed {sweep.seed}",
        "command": sweep.command,
        "best": words.best(sweep),
        "frontier": ", ".join(front) or "none",
        "measure": words.MEASURES[sweep.measure][1],
        "metric": sweep.metric,
        "rests_on": words.rests_on(sweep),
        "plane": both(plane),
        "learning": both(learning),
        "laws": [(f"var(--{figures.COLOURS[k % len(figures.COLOURS)]})", words.law(curve, sweep.metric))
                 for k, curve in enumerate(sweep.curves)],
        "legend": legend,
        "heads": [(name, k == 0 or k > factors) for k, name in enumerate(words.heads(sweep))],
        "lines": [([(cell, k == 0 or k > factors) for k, cell in enumerate(words.cells(sweep, row))],
                   bool(sweep.table["frontier"].iloc[row])) for row in range(len(sweep.table))],
    }  # fmt: skip


def both(chart: Any | None) -> list[tuple[str, Any]]:
    """A chart for wide and for narrow screens, as (CSS class, SVG)."""
    from markupsafe import Markup

    if chart is None:
        return []
    sizes = {"on-wide": figures.WIDE, "on-narrow": figures.NARROW}
    return [(name, Markup(figures.drawn(chart, size))) for name, size in sizes.items()]
