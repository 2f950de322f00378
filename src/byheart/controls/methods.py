"""methods: the recipe trains with other methods (dropout, MAT, ...)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from byheart.base.errors import UsageError
from byheart.base.store import digest
from byheart.controls.action import AGAIN, a_list, a_text, action, keys
from byheart.data.task import Task
from byheart.runs.loop import events_of
from byheart.runs.named import named_event


@action
@dataclass(frozen=True)
class Methods:
    """Has `methods`, such as "dropout=0.5", act in training; one that the recipe has takes the new argument."""

    methods: tuple[str, ...]
    reason: str = ""
    name: ClassVar[str] = "methods"

    def __post_init__(self) -> None:
        if not self.methods:
            raise UsageError("No method is named.", do='name one, such as "dropout=0.5"')
        kinds = [type(named_event(text)) for text in self.methods]  # UsageError for a name that nobody knows
        if len(set(kinds)) < len(kinds):
            raise UsageError(f"A method is given twice: {', '.join(self.methods)}.", do="give it once")

    @property
    def ids(self) -> tuple[()]:
        """It is about no example in particular."""
        return ()

    @property
    def says(self) -> str:
        """What it does."""
        return f"train with {', '.join(self.methods)}"

    def apply(self, task: Task) -> Task:
        """The task with these methods; UsageError when it has one of them as it is."""
        methods = list(task.recipe.methods)
        for text in self.methods:
            methods = acting(task, methods, text)
        return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=tuple(methods)))

    def entry(self) -> dict[str, Any]:
        """What the file says of it."""
        return {"methods": list(self.methods)}

    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Methods:
        """From what the file says."""
        (methods,) = keys(entry, "methods")
        return cls(a_list(methods, lambda value: a_text(value, "a method"), "'methods'"), reason)


def acting(task: Task, methods: list[Any], text: str) -> list[Any]:
    """The methods with the named one in the place of its kind, or at the end."""
    event = named_event(text)
    events = events_of(dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=tuple(methods))))
    same = [k for k, other in enumerate(events) if type(other) is type(event)]
    if not same:
        return [*methods, text]
    if digest(events[same[0]]) == digest(event):
        raise UsageError(f"The recipe trains with {text} already.", AGAIN, "leave it out of the plan")
    return [text if k == same[0] else m for k, m in enumerate(methods) if k not in same[1:]]
