"""The audit on one screen of a terminal: the verdict before the detail, readable without colour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from byheart.base.registry import register
from byheart.reports import facts, location, privacy
from byheart.reports.words import count, glued, percent, plain, printable, short, size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from byheart.diagnosis.audit import Audit

WIDTH = 100
TONES = {"good": "green", "bad": "yellow", "ugly": "red", "none": "bold", "undecided": "bold"}
INDENT = 9  # the width of "findings "


@register("writer", "terminal")
def terminal(audit: Audit, path: str | Path | None = None) -> RenderableType:
    """A rich renderable, at most 100 columns wide; `path` is the report that it names at the end."""
    from rich.console import Group
    from rich.constrain import Constrain

    parts = [verdict(audit), "", findings(audit), *notes(audit), "", where(audit, path)]
    return Constrain(Group(*parts), WIDTH)


def verdict(audit: Audit) -> RenderableType:
    """The word, the sentence beside it, and the numbers below."""
    grid = _grid()
    word, _, kind = audit.verdict.title.partition(", ")
    title = _text(word.upper(), f"bold {TONES.get(audit.verdict.word, 'bold')}")
    grid.add_row(title, _text(audit.verdict.sentence))
    if kind:
        grid.add_row("", _text(f"({kind})", "dim"))
    numbers = facts.performance(audit)
    share = facts.memorized_count(audit)
    shown = [f"{n.name} {n.text}" for n in [*numbers, *([share] if share else [])]]
    if shown:
        grid.add_row("", "")
        grid.add_row("", _text("   ".join(text.replace(" ", "\u00a0") for text in shown)))
    return grid


def findings(audit: Audit) -> RenderableType:
    """One row a finding: code and title, how many, what share, what to do."""
    from rich.table import Table

    if not audit.findings:
        return _text("No check found anything." if audit.passed else "No check could be made.")
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("finding", no_wrap=True)
    table.add_column("examples", justify="right", no_wrap=True)
    table.add_column("share", no_wrap=True)
    table.add_column("what to do")
    for finding in sorted(audit.findings, key=lambda f: f.code):
        value, low, high = finding.share
        share = percent(value, (high - low) / 3.92) if finding.count else "the network"
        number = count(finding.count) if finding.count else "-"
        table.add_row(_text(f"{finding.code} {finding.title}"), number, share, _text(finding.do))
    return table


def notes(audit: Audit) -> list[RenderableType]:
    """What was planted and found again; what was not measured and which option buys it; which layer holds what was
    memorized and what an attack recognizes, where that was asked.
    """
    lines: list[tuple[str, str]] = [("planted", text) for text in truth(audit)]
    missing: dict[str, list[str]] = {}
    for measure in audit.verdict.evidence:
        if not measure.measured and measure.buys and not measure.buys.startswith("nothing"):
            missing.setdefault(measure.buys, []).append(plain(measure.name))
    lines += [("unknown", f"{', '.join(names)}; to measure: {buys}") for buys, names in missing.items()]
    if audit.scores.run is not None and audit.scores.run.shortfall:
        lines.append(("fitted", audit.scores.run.shortfall))
    if located := location.line(audit):
        lines.append(("located", located))
    lines += [("privacy", glued(text)) for text in privacy.lines(audit)]
    if not lines:
        return []
    grid = _grid()
    for at, (name, text) in enumerate(lines):
        again = at > 0 and lines[at - 1][0] == name
        grid.add_row("" if again else _text(name, "dim"), _text(text))
    return ["", grid]


def truth(audit: Audit) -> list[str]:
    """One line for each planted mask: how well one score ranks it, and what the finding hits that is meant for it, or
    else the best one.
    """
    held = audit.truth
    if held is None:
        return []
    lines = []
    for name in dict.fromkeys(row.name for row in held.scores):
        ranked = held.of(name)
        row = next((r for r in ranked if r.score == "cumulative_loss_early"), ranked[0])
        parts = [
            f"{count(row.count)} {plain(name)}: AUROC {short(row.auroc)} [{short(row.low)}, {short(row.high)}] "
            f"by {plain(row.score)}"
        ]
        meant = [f for f in held.meant if f.name == name]
        hits = meant or [f for f in held.findings if f.name == name and f.hits]
        if hits:
            best = max(hits, key=lambda f: f.hits)
            parts.append(
                f"{best.code} finds {100 * best.recall:.0f} % of them, "
                f"{100 * best.precision:.0f} % of what it finds is right"
            )
        lines.append("; ".join(parts))
    return lines


def where(audit: Audit, path: str | Path | None) -> RenderableType:
    """The last lines: the report and the command."""
    grid = _grid()
    if path is not None:
        path = Path(path)
        weight = f"   {size(path.stat().st_size)}, opens offline" if path.exists() else ""
        grid.add_row(_text("report", "dim"), _text(f"{path}{weight}"))
    if audit.command:
        grid.add_row(_text("again", "dim"), _text(audit.command))
    return grid


def _grid():
    from rich.table import Table

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(min_width=INDENT - 1, no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _text(text: str, style: str = ""):
    from rich.text import Text

    return Text(printable(text), style=style)
