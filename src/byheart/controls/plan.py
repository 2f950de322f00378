"""Plan: a change that can be looked at, edited, kept in a file, applied to a task, and undone."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from byheart.base.errors import DataError, UsageError
from byheart.base.store import digest
from byheart.controls.action import Action, counted
from byheart.controls.plan_file import read_plan, write_plan
from byheart.controls.rows import Id
from byheart.data.recipe import Recipe
from byheart.data.task import Task

FIRST = 5
APART = ("origin",)  # where a task is made again from; no plan changes it


@dataclass(frozen=True)
class Plan:
    """What is to be changed: `actions` in their order, for the task called `task`.

    `command` is what made the plan, `notes` what to consider before it is applied. Nothing is changed until `apply`,
    and then a new task is made: the old one stays as it is.
    """

    actions: tuple[Action, ...]
    task: str = ""
    command: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "actions", tuple(self.actions))
        if not self.actions:
            raise UsageError("The plan changes nothing.", do='name an action, such as drop="MEM001"')
        twice = [name for name, n in Counter(a.name for a in self.actions).items() if n > 1]
        if twice:
            raise UsageError(f"The plan has two actions called {twice[0]!r}.", do="join them in one")

    @property
    def ids(self) -> tuple[Id, ...]:
        """Every example that an action is about, once, in order."""
        return tuple(dict.fromkeys(i for a in self.actions for i in a.ids))

    @property
    def name(self) -> str:
        """A short name for files: the actions, and a digest of all that is in them."""
        content = [[a.name, a.entry()] for a in self.actions]
        return "-".join([*(a.name for a in self.actions), digest(content)[:6]])

    def apply(self, task: Task) -> Task:
        """A new task with all actions done in order.

        Errors: UsageError for ids, labels or methods that do not fit the task, and for a task that the plan was applied
        to before; DataError when what is left cannot be learned from.
        """
        return reduce(done, self.actions, task)

    def undo(self, changed: Task, original: Task) -> Task:
        """`changed` with all that the plan changed as it was in `original`; what was changed since then stays.

        Errors: UsageError when something that the plan changed was changed again.
        """
        return merged(self.apply(original), changed, original)

    def save(self, path: str | Path) -> Path:
        """Write the plan as JSON that can be edited by hand."""
        return write_plan(path, self)

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """Read a plan; DataError, with the place, for what cannot be read."""
        return read_plan(path, cls)

    def __str__(self) -> str:
        lines = []
        for a in self.actions:
            first = ", ".join(map(str, a.ids[:FIRST])) + (", ..." if len(a.ids) > FIRST else "")
            lines.append(f"{a.name}: {a.says}{f' ({first})' if first else ''}" + (f"; {a.reason}" if a.reason else ""))
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return f"Plan({self.task}: {'; '.join(a.says for a in self.actions)}; {counted(len(self.ids))})"


def done(task: Task, action: Action) -> Task:
    """The task after one action; an error names the action."""
    try:
        return action.apply(task)
    except (DataError, UsageError) as error:
        raise type(error)(f"{action.name}: {error.what}", error.why, error.do) from error


def merged(applied: Task, changed: Task, original: Task) -> Task:
    """`changed` with every field that the plan set (`applied`) as it was; the fields of the recipe each for itself."""
    fields = {f.name: getattr(original, f.name) for f in dataclasses.fields(Task)}
    recipe = {
        f.name: back(f"recipe.{f.name}", *(getattr(t.recipe, f.name) for t in (applied, changed, original)))
        for f in dataclasses.fields(Recipe)
    }
    others = {
        name: back(name, *(getattr(t, name) for t in (applied, changed, original)))
        for name in fields
        if name not in ("recipe", *APART)
    }
    return dataclasses.replace(changed, **others, recipe=Recipe(**recipe))


def back(name: str, applied: Any, changed: Any, original: Any) -> Any:
    """One field: as it was where the plan set it, as it is where somebody else did; UsageError where both did."""
    if alike(changed, applied):
        return original
    if alike(applied, original):
        return changed
    raise UsageError(
        f"{name} is not what the plan made of it.",
        "It was changed again, or this is not the task that the plan was applied to.",
        "undo the later change first",
    )


def alike(one: Any, other: Any) -> bool:
    """Whether two values have the same content; functions that make networks, whether they are the same."""
    if one is other or callable(one) or callable(other):
        return one is other
    return digest(one) == digest(other)
