"""A plan's file: JSON with a line for every example, and errors that say where an edit went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.errors import ByheartError, DataError, UsageError
from byheart.base.registry import find
from byheart.base.store import atomically
from byheart.controls.action import a_text

if TYPE_CHECKING:
    from byheart.controls.plan import Plan

FORMAT, SCHEMA, WIDTH = "byheart plan", 1, 110
KEYS = ("format", "schema_version", "task", "command", "notes", "actions")


def write_plan(path: str | Path, plan: Plan) -> Path:
    """Write a plan."""
    actions = [{"action": a.name, "reason": a.reason} | a.entry() for a in plan.actions]
    content = dict(zip(KEYS, (FORMAT, SCHEMA, plan.task, plan.command, list(plan.notes), actions), strict=True))
    return atomically(path, lambda partial: partial.write_text(written(content) + "\n", encoding="utf-8"))


def read_plan(path: str | Path, kind: type[Plan]) -> Plan:
    """Read a plan; DataError for a file that is missing, is no JSON, or holds what is no plan."""
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=no_number, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path} cannot be read.", f"(line {error.lineno}, column {error.colno}: {error.msg})",
            "look for a comma too many or too few, or a quote that is missing",
        ) from None  # fmt: skip
    except (OSError, ValueError, RecursionError) as error:  # bytes that are no UTF-8, a number of 5,000 digits
        raise DataError(f"{path} cannot be read.", f"({error})", "give the file of a plan") from None
    except DataError as error:
        raise DataError(f"{path}: {error.what}", error.why, error.do) from None
    try:
        return plan_of(content, kind)
    except ByheartError as error:
        raise DataError(f"{path}: {error.what}", error.why, error.do) from error


def plan_of(content: Any, kind: type[Plan]) -> Plan:
    """The plan that the content of a file stands for."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError("It is no plan.", f"It does not begin with 'format': {FORMAT!r}.", "byheart control makes one")
    if content.get("schema_version") != SCHEMA:
        raise DataError(f"It has schema {content.get('schema_version')!r}; this byheart reads {SCHEMA}.")
    if strange := set(content) - set(KEYS):
        raise DataError(f"{min(strange)!r} is not known here.", do=f"its keys are: {', '.join(KEYS)}")
    task, command = (a_text(content.get(name, ""), repr(name)) for name in ("task", "command"))
    notes, actions = (content.get(name, []) for name in ("notes", "actions"))
    if not isinstance(notes, list) or not isinstance(actions, list):
        raise DataError("'notes' and 'actions' must be lists.", do="put them in brackets")
    found = tuple(action_of(entry, number) for number, entry in enumerate(actions, 1))
    return kind(found, task, command, tuple(a_text(note, "a note") for note in notes))


def action_of(entry: Any, number: int) -> Any:
    """One action; the error of one that cannot be read names it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("action"), str):
        raise DataError(f"Action {number} does not say what it is.", do='write {"action": "drop", ...}')
    name = entry["action"]
    try:
        reason = a_text(entry.get("reason", ""), "'reason'")
        rest: Mapping[str, Any] = {k: v for k, v in entry.items() if k not in ("action", "reason")}
        return find("control", name).read(rest, reason)
    except ByheartError as error:
        raise UsageError(f"Action {number} ({name}): {error.what}", error.why, error.do) from error


def no_number(name: str) -> Any:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise DataError(f"{name} is no number.", do="give a finite one")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping whose keys stand once: of two equal ones, JSON's readers silently drop the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(k for k, _ in pairs if sum(k == other for other, _ in pairs) > 1)
        raise DataError(f"{twice!r} is given twice in one place.", do="keep one of them")
    return found


def written(value: Any, indent: int = 0) -> str:
    """JSON with a line for every key and every mapping in a list; long lists are wrapped between their entries."""
    pad = " " * (indent + 1)
    if isinstance(value, dict) and (indent == 0 or "action" in value):
        rows = [f"{pad}{brief(k)}: {written(v, indent + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{pad[1:]}}}"
    if isinstance(value, list) and any(isinstance(v, dict) for v in value):
        return "[\n" + ",\n".join(pad + written(v, indent + 1) for v in value) + f"\n{pad[1:]}]"
    if isinstance(value, list) and len(brief(value)) + indent > WIDTH:
        return "[\n" + wrapped([brief(v) for v in value], pad) + f"\n{pad[1:]}]"
    return brief(value)


def wrapped(entries: list[str], pad: str) -> str:
    """Entries with commas between them, as many on a line as fit."""
    lines = [entries[0]]
    for entry in entries[1:]:
        if len(pad) + len(lines[-1]) + len(entry) + 2 > WIDTH:
            lines[-1] += ","
            lines.append(entry)
        else:
            lines[-1] += f", {entry}"
    return "\n".join(pad + line for line in lines)


def brief(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
