"""The contract of an action, one step of a plan; and how its entry in a plan's file is read.

An action is a frozen dataclass with `reason` (the finding's code and words, or who wants it), the `ids` it is about,
`says` (what it does, in words), `apply(task) -> Task`, which changes nothing in place and refuses a task that it has
been applied to, and `entry()` and `read(entry)`, its form in the file without name and reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from byheart.base.errors import DataError, UsageError
from byheart.base.registry import register
from byheart.controls.rows import Id
from byheart.data.task import Task

Made = TypeVar("Made")
HUGE = 3e38  # what float32 still holds; NaN is not below it
AGAIN = "It may have been applied to this task before."


@runtime_checkable
class Action(Protocol):
    """One step of a plan."""

    name: ClassVar[str]

    @property
    def reason(self) -> str: ...
    @property
    def ids(self) -> tuple[Id, ...]: ...
    @property
    def says(self) -> str: ...
    def apply(self, task: Task) -> Task: ...
    def entry(self) -> dict[str, Any]: ...
    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Action: ...


def action(kind: type[Made]) -> type[Made]:
    """Register the decorated frozen dataclass under its `name` as a control."""
    return register("control", kind.name)(kind)  # type: ignore[attr-defined]


def counted(n: int, one: str = "example") -> str:
    """1 -> "1 example", 1200 -> "1,200 examples"."""
    return f"{n:,} {one}{'s' * (n != 1)}"


def unique(name: str, ids: Sequence[Id]) -> None:
    """UsageError unless there are ids, none of them twice."""
    if not ids:
        raise UsageError(f"There is nothing to {name}.", do=f"leave {name} out, or name examples")
    if len(set(ids)) < len(ids):
        twice = next(i for k, i in enumerate(ids) if i in ids[:k])
        raise UsageError(f"{name}: the id {twice!r} is given twice.", do="name every example once")


def keys(entry: Mapping[str, Any], *wanted: str) -> list[Any]:
    """The values under these keys; DataError for a key that is missing or that nobody knows."""
    if missing := [k for k in wanted if k not in entry]:
        raise DataError(f"{missing[0]!r} is missing.", f"There are: {', '.join(map(repr, entry)) or 'nothing'}.")
    if strange := [k for k in entry if k not in wanted]:
        raise DataError(f"{strange[0]!r} is not known here.", do=f"its keys are: {', '.join(map(repr, wanted))}")
    return [entry[k] for k in wanted]


def an_id(value: Any) -> Id:
    """A whole number or a text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DataError(f"{value!r} is no id.", do="give a whole number or a text in quotes")
    return a_text(value, "an id") if isinstance(value, str) else value


def a_text(value: Any, what: str) -> str:
    """A text that a file can hold."""
    if not isinstance(value, str):
        raise DataError(f"{what} is {value!r}, no text.", do="put it in quotes")
    if not value.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise DataError(f"{what} is {value!r}: half a letter.", do="write it without \\ud8..")
    return value


def a_number(value: Any, what: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= HUGE:
        raise DataError(f"{what} is {value!r}, no number.", do="give a number")
    return float(value)


def whole(value: Any, what: str) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{what} is {value!r}, no whole number.", do="give a whole number")
    return value


def a_list(value: Any, of: Callable[[Any], Made], what: str) -> tuple[Made, ...]:
    """A list whose entries are read one by one; DataError that names the entry which is wrong."""
    if not isinstance(value, list):
        raise DataError(f"{what} is {value!r}, no list.", do="put it in brackets")
    found = []
    for number, item in enumerate(value, 1):
        try:
            found.append(of(item))
        except DataError as error:
            raise DataError(f"{what}, entry {number}: {error.what}", error.why, error.do) from error
    return tuple(found)


def a_table(value: Any, what: str, columns: Mapping[str, Callable[[Any], Any]]) -> tuple[tuple[Any, ...], ...]:
    """A list of mappings with the same keys, as columns."""

    def row(item: Any) -> tuple[Any, ...]:
        if not isinstance(item, dict):
            raise DataError(f"{item!r} is no entry.", do=f"write {{{', '.join(f'{k!r}: ...' for k in columns)}}}")
        return tuple(read(v) for read, v in zip(columns.values(), keys(item, *columns), strict=True))

    rows = a_list(value, row, what)
    return tuple(zip(*rows, strict=True)) if rows else tuple(() for _ in columns)
