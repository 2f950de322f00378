"""The report: one HTML file that asks nothing of the network."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.registry import register
from byheart.base.store import atomically, digest
from byheart.reports import facts, sections
from byheart.reports.words import glued, plain

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit
    from byheart.reports.page import Page

KEY = '<meta name="byheart-content" content="{}">'  # of what a page shows; near its beginning
SCRIPTS = ("page", "gallery", "card", "pairs", "map", "table", "start")  # in the order in which they need one another


@register("writer", "html")
def html(audit: Audit, path: str | Path) -> Path:
    """Write the report with pictures (or unusual features) of the notable examples; a page that shows just this stays
    as it is.
    """
    from byheart.reports.page import gather

    return _write(audit, path, gather)


@register("writer", "html_redacted")
def redacted(audit: Audit, path: str | Path) -> Path:
    """Write the report without any example's contents: ids, labels and scores stay. A page that shows just this stays
    too.
    """
    from byheart.reports.page import gather_redacted

    return _write(audit, path, gather_redacted)


def _write(audit: Audit, path: str | Path, gather: Callable[[Audit], Page]) -> Path:
    key = shown(audit, gather.__name__)
    if shows(Path(path), key):
        return Path(path)
    text = rendered(audit, gather(audit), key)
    return atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def shown(audit: Audit, kind: str) -> str:
    """A digest of all that a page of this kind shows, but for the date and the times: results, contents, and the code
    that draws them.
    """
    from byheart.reports.json import content

    task, scores = audit.task, audit.scores
    parts = [task.train, task.held_out]
    seen = [(p.inputs, p.targets, p.ids, p.groups) for p in parts] + [task.feature_names]
    values = [scores.ids, dict(scores.columns), dict(scores.errors), dict(scores.intervals)]
    return digest(kind, json.dumps(content(audit)), values, seen, _code(), version("vl-convert-python"))


def shows(path: Path, key: str) -> bool:
    """Whether a whole page with this key is there."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return KEY.format(key) in text[:2000] and text.rstrip().endswith("</html>")


@cache
def _code() -> str:
    """A digest of this package's files: another byheart may draw another page."""
    found = sorted(p for p in Path(str(files("byheart"))).rglob("*.*") if p.is_file() and p.suffix != ".pyc")
    return digest([(p.name, p.read_bytes()) for p in found])


def rendered(audit: Audit, page: Page, key: str = "") -> str:
    """The page as text. Whatever comes from data is escaped, in markup by Jinja and in JSON by `embedded`."""
    import vl_convert
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from byheart import __version__

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"plain": plain, "coded": coded, "glued": glued}
    template = environment.from_string(asset("report.html.j2"))
    return template.render(
        sections.context(audit, page),
        key=Markup(KEY.format(key)),
        css=Markup(asset("report.css")),
        script=Markup("\n".join(asset(f"{name}.js") for name in SCRIPTS)),
        # its hundreds of top-level names stay inside a module of their own; it leaves vegaEmbed and vega on window
        bundle=Markup(vl_convert.javascript_bundle()),  # pyright: ignore[reportCallIssue]
        data=Markup(embedded(page.data)),
        table=Markup(page.table),
        sheet=Markup(page.sheet),
        version=__version__,
        headline=facts.headline(audit),
        date=datetime.datetime.now(datetime.UTC).strftime("%d %B %Y, %H:%M UTC"),
    )


def coded(text: str) -> Any:
    """Escaped text in which `this` is set as code."""
    from markupsafe import Markup, escape

    parts = [escape(part) for part in glued(text).split("`")]
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(p) if k % 2 else p for k, p in enumerate(parts))


def embedded(content: dict[str, Any]) -> str:
    """JSON that may stand in a <script>: no text in it can end the element or begin a comment."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def asset(name: str) -> str:
    """A file of the page, as text."""
    return (files("byheart.reports") / "assets" / name).read_text(encoding="utf-8")
