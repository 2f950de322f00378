"""A folder -> the runs and audits in it, without reading their arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byheart.base.errors import RunError
from byheart.base.store import read_json

DEEPEST = 4  # an audit's subset models lie three folders below it


def runs_in(folder: Path) -> list[dict[str, Any]]:
    """One row a run or audit below `folder`; RunError when there is no such folder."""
    if not folder.is_dir():
        raise RunError(f"{folder} is not a folder.", do="give the folder that holds the runs: byheart ls runs DIR")
    found = [
        _row(path, folder)
        for path in sorted(folder.rglob("run.json"))
        if len(path.relative_to(folder).parts) <= DEEPEST
    ]
    return [row for row in found if row]


def _row(path: Path, folder: Path) -> dict[str, Any]:
    size = sum(f.stat().st_size for f in path.parent.rglob("*") if f.is_file()) / 1e6
    name = str(path.parent.relative_to(folder)) or "."
    try:
        facts = read_json(path)
        if facts.get("format") != "byheart":
            return {}
    except RunError as error:
        return {
            "name": name,
            "kind": "?",
            "task": "?",
            "seed": "?",
            "done": error.why or error.what,
            "MB": f"{size:.1f}",
        }
    return {
        "name": name,
        "kind": facts.get("kind", "?"),
        "task": facts.get("task", "?"),
        "seed": facts.get("seed", "?"),
        "done": "yes" if facts.get("done") else "no",
        "MB": f"{size:.1f}",
    }
