"""What was found for each claim, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.reports.words import printable
from byheart.studies.claims import claims
from byheart.studies.evidence import Evidence, shown
from byheart.studies.words import counts, found_in_words

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {"holds": "green", "depends": "yellow", "fails": "red"}
FEW = 3  # claims that are shown with all their criteria


def drawn(found: Sequence[Evidence], page: Path) -> RenderableType:
    """A rich renderable: one line a claim, or all criteria of a few."""
    from rich.console import Group
    from rich.text import Text

    body = [detailed(e) for e in found] if len(found) <= FEW else [listed(found)]
    numbers = ", ".join(f"{n} {word if n == 1 else word.removesuffix('s')}" for word, n in counts(found).items() if n)
    last = Text.assemble((f"{len(found)} claims: ", "dim"), numbers, ("   page ", "dim"), str(page))
    return Group(*body, Text(""), last)


def listed(found: Sequence[Evidence]) -> RenderableType:
    """One line a claim."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("claim", "", "verdict", "what was found"):
        grid.add_column(name, vertical="top", overflow="fold")
    for e in found:
        said = f"(corrected) {e.row.corrected}" if e.row.corrected else claims()[e.row.id].text
        text = Text(printable(said))
        grid.add_row(e.row.id, text, Text(e.word, STYLES[e.word]), Text(printable(found_in_words(e)), "dim"))
    return grid


def detailed(e: Evidence) -> RenderableType:
    """A claim with all its criteria."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head = Text.assemble((e.row.id, "bold"), "  ", printable(claims()[e.row.id].text))
    word = Text.assemble((e.word, STYLES[e.word]), ("  " + printable(e.condition) if e.condition else ""))
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("", f"mean of {e.seeds} seeds", "wanted", "control", "published"):
        grid.add_column(name, vertical="top", overflow="fold")
    for f in e.findings:
        control = shown(f.control) if f.control else "-"
        mark = "✓ " if f.met else "✗ "
        says = f.criterion.says + (f" ({f.criterion.when})" if f.criterion.when else "")
        grid.add_row(
            Text(mark + printable(says)), shown(f.found), f.criterion.wanted, control, f.criterion.published or "-"
        )
    parts = [
        head,
        word,
        grid,
        Text(f"measured: {e.study.measured}", "dim"),
        Text(f"control: {e.row.identity or e.study.controlled}", "dim"),
    ]
    if e.row.corrected:
        parts.insert(1, Text(f"corrected: {printable(e.row.corrected)}"))
    return Group(*parts, Text(""))
