"""Names to objects: one table a kind, filled by importing the kind's room at the first look-up."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, TypeVar

from byheart.base.errors import UsageError

Named = TypeVar("Named")

ROOMS: dict[str, tuple[str, ...]] = {
    "task": ("byheart.data.builtin", "byheart.data.made"),
    "plant": ("byheart.data.plant",),
    "augment": ("byheart.data.augment",),
    "network": ("byheart.models",),
    "activation": ("byheart.models.activations",),
    "method": ("byheart.methods",),
    "score": ("byheart.scores.trajectory", "byheart.scores.subset", "byheart.scores.checkpoint"),
    "check": ("byheart.diagnosis",),
    "control": ("byheart.controls",),
    "writer": ("byheart.reports",),
    "study": ("byheart.studies.rows",),
}

_tables: dict[str, dict[str, Any]] = {}
_opened: set[str] = set()


def register(kind: str, name: str) -> Callable[[Named], Named]:
    """Put the decorated object into the table of `kind` under `name`."""

    def put(thing: Named) -> Named:
        known = _tables.setdefault(kind, {}).get(name)
        if known is not None and getattr(known, "__qualname__", 0) != getattr(thing, "__qualname__", 1):
            raise UsageError(f"Two {kind}s are called {name!r}.", do="rename one of them")
        _tables[kind][name] = thing
        return thing

    return put


def find(kind: str, name: str) -> Any:
    """The object called `name`; UsageError with the nearest name when there is none."""
    table = every(kind)
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(table) or 'none is known'}"
    raise UsageError(f"There is no {kind} called {name!r}.", do=hint)


def every(kind: str) -> dict[str, Any]:
    """All objects of a kind by name, in alphabetical order."""
    _open(kind)
    return dict(sorted(_tables.get(kind, {}).items()))


def _open(kind: str) -> None:
    if kind in _opened:
        return
    _opened.add(kind)  # before the imports: what they import may look names up
    try:
        _import(kind)
    except BaseException:
        _opened.discard(kind)
        raise


def _import(kind: str) -> None:
    for room in ROOMS.get(kind, ()):
        try:
            package = importlib.import_module(room)
        except ModuleNotFoundError as error:
            if error.name and room.startswith(error.name):
                continue  # a room that this version does not have yet
            raise
        for found in pkgutil.iter_modules(getattr(package, "__path__", ())):
            importlib.import_module(f"{room}.{found.name}")
    for point in entry_points(group=f"byheart.{kind}s"):
        register(kind, point.name)(point.load())
