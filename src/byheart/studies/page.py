"""All claims that were measured on one page: what was claimed, what was found, the numbers and the pictures."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from byheart.base.store import atomically, write_json
from byheart.reports.html import asset
from byheart.reports.words import glued, sentence
from byheart.studies import figure
from byheart.studies.claims import TEXTS, claims, state
from byheart.studies.evidence import Evidence, shown
from byheart.studies.papers import PAPERS
from byheart.studies.words import content, counts


def write_page(found: Sequence[Evidence], path: str | Path, command: str) -> Path:
    """Write the page, which opens from disk in light and dark and asks nothing of the network, and its JSON twin."""
    path = Path(path)
    text = rendered(found, command)
    write_json(path.with_suffix(".json"), content(found, command))
    return atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def rendered(found: Sequence[Evidence], command: str) -> str:
    """The page as text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from byheart import __version__

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"glued": glued, "sentence": sentence}
    return environment.from_string(asset("claims.html.j2")).render(
        counts={word: n for word, n in counts(found).items() if n}, total=len(found), known=len(claims()),
        texts=[(key, title, [shown_row(e) for e in found if e.row.id.startswith(key)]) for key, title in TEXTS.items()],
        waiting=[(c.id, c.text, state(c)) for c in claims().values() if c.id not in {e.row.id for e in found}],
        command=command, css=Markup(asset("report.css")), version=__version__,
        date=datetime.datetime.now(datetime.UTC).strftime("%d %B %Y, %H:%M UTC"),
    )  # fmt: skip


def shown_row(e: Evidence) -> dict[str, Any]:
    """What the template prints of a claim."""
    from markupsafe import Markup

    claim = claims()[e.row.id]
    criteria = [
        {
            "says": f.criterion.says, "when": f.criterion.when, "found": shown(f.found), "wanted": f.criterion.wanted,
            "published": f.criterion.published, "met": f.met, "strip": Markup(figure.strip(f)),
            "control": shown(f.control) if f.control else "",
        }
        for f in e.findings
    ]  # fmt: skip
    return {
        "id": e.row.id, "claim": claim.text, "warning": claim.warning, "corrected": e.row.corrected, "word": e.word,
        "condition": e.condition, "criteria": criteria, "seeds": e.seeds, "measured": e.study.measured,
        "control": e.row.identity or e.study.controlled, "source": str(PAPERS[e.row.paper]) if e.row.paper else "",
        "curves": [(name, Markup(svg)) for name, svg in figure.curves(e)], "legend": figure.legend(e),
        "axes": f"{e.readings[0].y} by {e.readings[0].x}", "command": f"byheart reproduce {e.row.id}",
    }  # fmt: skip
