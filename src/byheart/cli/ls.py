"""byheart ls: what there is to name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING
from pathlib import Path
from typing import Any, Literal

from byheart.cli import say
from byheart.cli.options import Flag, Verbose

Kind = Literal["tasks", "scores", "checks", "networks", "plants", "methods", "claims", "runs"]


def ls(
    kind: Kind,
    folder: Path = Path("runs"),
    /,
    *,
    json: Flag = False,
    verbose: Verbose = False,
) -> int:
    """List what can be named: tasks, scores, checks, networks, plants, methods, claims; or the runs in a folder.

    Args:
        kind: What to list.
        folder: Where to look for runs.
        json: Print JSON.
        verbose: Show the traceback of an error.
    """
    if kind == "runs":
        from byheart.cli.folders import runs_in

        rows = runs_in(folder)
    elif kind == "claims":
        from byheart.studies.claims import claims, state

        rows = [{"id": c.id, "claim": c.text, "warning": c.warning, "state": state(c)} for c in claims().values()]
    else:
        from byheart.base.registry import every

        rows = [{"name": name, **LINES[kind](thing)} for name, thing in every(kind.removesuffix("s")).items()]
    if json:
        say.as_json(rows)
    elif rows:
        say.table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        say.note(f"no {kind}" + (f" in {folder}" if kind == "runs" else ""))
    return 0


def sentence(thing: Any) -> str:
    """The first sentence of a docstring, on one line."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", text)[0]


def _what(thing: Any) -> dict[str, str]:
    return {"what": sentence(thing)}


def _score(spec: Any) -> dict[str, str]:
    return {
        "needs": spec.needs,
        "cost": spec.cost,
        "high means": spec.higher,
        "finds": spec.finds,
        "source": spec.source,
    }


def _check(check: Any) -> dict[str, str]:
    return {"title": check.title, "severity": check.severity, "needs": check.needs, "what": sentence(check.judge)}


def _method(spec: Any) -> dict[str, str]:
    given = [n if v is MISSING else f"{n}={v}" for n, v in spec.arguments.items()]
    return {
        "arguments": ", ".join(given),
        "acts on": spec.acts_on,
        "groups": "needed" if spec.needs_groups else "",
        "trains": "twice" if spec.trains_twice else "once",
        "what": spec.does,
        "source": spec.source,
    }


LINES: dict[str, Callable[[Any], dict[str, str]]] = {
    "tasks": _what,
    "networks": _what,
    "plants": _what,
    "scores": _score,
    "checks": _check,
    "methods": _method,
}
