"""Fills the pages: front page from the README, tables from what is registered, command line from its own help."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING
from pathlib import Path

from byheart.base.registry import every
from byheart.cli.ls import sentence

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"<!-- fill: (\w+) -->")


def on_page_markdown(markdown: str, **_) -> str:
    """Replace each mark by what it names."""
    return MARK.sub(lambda mark: FILL[mark[1]](), markdown)


def readme() -> str:
    """The front page; links into the repository become plain text, since pages lie elsewhere here."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\[([^\]]+)\]\((?!https?://)[^)]+\)", r"\1", text)


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    escaped = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, ["---"] * len(heads), *escaped])


def scores() -> str:
    """One row a score, then each with its whole docstring."""
    known = every("score")
    rows = [[f"[{n}](#{n})", s.needs, s.cost, s.higher, s.finds, s.source] for n, s in known.items()]
    parts = [table(["score", "needs", "cost", "high means", "finds", "source"], rows)]
    for name, score in known.items():
        parts.append(f"## {name} {{ #{name} }}\n\n{prose(score)}\n\nUnit: {score.unit}. Range: {score.range}.")
    return "\n\n".join(parts)


def prose(thing: object) -> str:
    """A docstring as Markdown, formulas kept as they are set."""
    function = getattr(thing, "compute", None) or getattr(thing, "judge", None) or thing
    return inspect.getdoc(function) or ""


def findings() -> str:
    """One section a code; the heading is the page's address for that code."""
    known = every("check")
    rows = [[f"[{code}](#{code.lower()})", c.title, c.severity, c.needs] for code, c in known.items()]
    parts = [table(["code", "finds", "severity", "needs"], rows)]
    for code, check in known.items():
        parts.append(f"## {code} {check.title} {{ #{code.lower()} }}\n\n{prose(check)}")
    return "\n\n".join(parts)


def claims() -> str:
    """One table a text: its claims, what is measured for them, and the control."""
    from byheart.studies.claims import TEXTS, claims, state
    from byheart.studies.reproduce import by_claim

    known, parts = by_claim(), []
    for key, title in TEXTS.items():
        mine = [c for c in claims().values() if c.id.startswith(key)]
        rows = [[c.id, c.text, known[c.id].measured if c.id in known else state(c)] for c in mine]
        parts.append(f"## {key}: {title}\n\n{table(['id', 'claim', 'what is measured'], rows)}")
    return "\n\n".join(parts)


def commands() -> str:
    """The help of every command."""
    from rich.console import Console

    from byheart.cli.app import app

    parts = []
    for name in ("", *(n for n in app if not n.startswith("-"))):
        console = Console(width=100, record=True, force_terminal=False, file=open("/dev/null", "w"))
        app.help_print([name] if name else [], console=console)
        parts.append(f"## byheart {name}\n\n```text\n{console.export_text().rstrip()}\n```")
    return "\n\n".join(parts)


def decisions() -> str:
    """Links to the decision records."""
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    return "\n".join(f"- [{f.read_text().splitlines()[0].lstrip('# ')}](decisions/{f.name})" for f in files)


def methods() -> str:
    """One row a method, then each with its whole docstring."""
    known = every("method")
    heads = ["method", "acts on", "needs groups", "trains", "source"]
    rows = [
        [f"[{n}](#{n})", m.acts_on, "yes" if m.needs_groups else "", "twice" if m.trains_twice else "once", m.source]
        for n, m in known.items()
    ]
    parts = [table(heads, rows)]
    for name, spec in known.items():
        given = ", ".join(n if v is MISSING else f"{n}={v!r}" for n, v in spec.arguments.items())
        parts.append(f"## {name} {{ #{name} }}\n\n`{name}({given})`\n\n{inspect.getdoc(spec.event)}")
    return "\n\n".join(parts)


def registered(kind: str) -> str:
    """Names of a kind, each with its sentence."""
    return table(["name", "what"], [[f"`{name}`", sentence(thing)] for name, thing in every(kind).items()])


FILL = {
    "readme": readme,
    "scores": scores,
    "findings": findings,
    "commands": commands,
    "decisions": decisions,
    "methods": methods,
    "claims": claims,
    "tasks": lambda: registered("task"),
    "networks": lambda: registered("network"),
    "plants": lambda: registered("plant"),
}
