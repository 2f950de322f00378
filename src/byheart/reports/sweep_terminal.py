"""A sweep on one screen of a terminal: one row a setting, then what stands out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.registry import register
from byheart.reports import sweep_words as words
from byheart.reports.words import printable, size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from byheart.controls.swept import Sweep

WIDTH, ROWS = 120, 24


@register("writer", "sweep_terminal")
def sweep_terminal(sweep: Sweep, path: str | Path | None = None) -> RenderableType:
    """A rich renderable, at most 120 columns and 40 lines; `path` is the page that it names at the end."""
    from rich.console import Group
    from rich.constrain import Constrain

    return Constrain(Group(table(sweep), "", notes(sweep, path)), WIDTH)


def table(sweep: Sweep) -> RenderableType:
    """One row a setting, those on the frontier bold; of many settings the most notable."""
    from rich.table import Table

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for k, name in enumerate(words.heads(sweep)):
        grid.add_column(_text(name), justify="left" if 0 < k <= len(sweep.factors) else "right", vertical="bottom")
    for row in notable(sweep):
        style = "bold" if sweep.table["frontier"].iloc[row] else ""
        grid.add_row(*(_text(cell, style) for cell in words.cells(sweep, row)))
    return grid


def notable(sweep: Sweep) -> list[int]:
    """The rows that are shown, in order: all of few; else those most likely on the frontier, then the best by
    validation.
    """
    worth = sweep.table["validation"].to_numpy(float) * (1 if sweep.metric == "accuracy" else -1)
    order = np.lexsort((-np.nan_to_num(worth, nan=-np.inf), -sweep.table["frontier_probability"].to_numpy(float)))
    return sorted(order[:ROWS].tolist())


def notes(sweep: Sweep, path: str | Path | None) -> RenderableType:
    """How to read the table, the best setting, the learning curves, the page and the command."""
    from rich.table import Table

    lines = [("best", words.best(sweep))]
    lines += [("curve", words.law(curve, sweep.metric)) for curve in sweep.curves[:3]]
    if len(sweep.curves) > 3:
        lines.append(("", f"{len(sweep.curves) - 3} more curves on the page"))
    read = f"{words.rests_on(sweep)}; frontier: no other setting has less {words.MEASURES[sweep.measure][0]} and more "
    lines.append(("read", f"{read}test {sweep.metric}" if sweep.metric == "accuracy" else f"{read}less test loss"))
    if len(sweep.table) > ROWS:
        lines.append(("rows", f"{ROWS} of {len(sweep.table)} settings; all are on the page"))
    if path is not None:
        there = Path(path)
        lines.append(
            ("page", f"{there}   {size(there.stat().st_size)}, opens offline" if there.exists() else f"{there}")
        )
    if sweep.command:
        lines.append(("again", sweep.command))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(min_width=6, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in lines:
        grid.add_row(_text(name, "dim"), _text(text))
    return grid


def _text(text: str, style: str = ""):
    from rich.text import Text

    return Text(printable(text), style=style)
