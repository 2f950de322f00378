"""The contract of a method: a frozen dataclass with moments of the training loop, and what a reader must know of it.

What an event keeps between moments is in `state.own[its name]`: modules, optimizers, tensors, arrays, numbers and
mappings of these, so that a training resumes. A method that trains something first does so in `fit_start`, unless
`state.own` already holds the outcome. Arrays that it is given or keeps are by training row: (n, ...), n = all of
`state.task.train`, of which `state.rows` are trained on. At the end, the network that `task.build()` makes must predict
with the final parameters alone; a method for which that is not so has `rebuild(network) -> network`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from byheart.base.errors import UsageError
from byheart.base.registry import register

ActsOn = Literal["loss", "gradient", "weights", "inputs", "representation", "sample", "stop", "nothing"]
Event = TypeVar("Event")


@dataclass(frozen=True)
class MethodSpec:
    """A registered method.

    `acts_on` says where it takes hold; `needs_groups`, that training examples must have groups; `trains_twice`, that it
    trains another network first or beside. `clock` is "eval" when its logits belong to changed inputs, so that the
    trajectory is read in a pass of its own.
    """

    name: str
    event: type
    acts_on: ActsOn
    source: str
    needs_groups: bool = False
    trains_twice: bool = False

    @property
    def does(self) -> str:
        """The first sentence of the event's docstring."""
        return " ".join((self.event.__doc__ or self.name).split("\n\n")[0].split())

    @property
    def arguments(self) -> dict[str, Any]:
        """Argument -> default; `dataclasses.MISSING` where there is none."""
        return {f.name: f.default for f in dataclasses.fields(self.event) if f.init}

    @property
    def clock(self) -> str:
        """Whether the trajectory is read from the training pass ("online") or from a clean one ("eval")."""
        return getattr(self.event, "clock", "online")

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The event with these arguments; UsageError for arguments that it has not."""
        try:
            return self.event(*values, **named)
        except TypeError as error:
            known = ", ".join(f"{n}={v!r}" if v is not dataclasses.MISSING else n for n, v in self.arguments.items())
            raise UsageError(
                f"The method {self.name!r} cannot be made of what was given.", f"({error})",
                f"its arguments are: {known or 'none'}",
            ) from error  # fmt: skip


def method(
    name: str, *, acts_on: ActsOn, source: str, needs_groups: bool = False, trains_twice: bool = False
) -> Callable[[type[Event]], type[Event]]:
    """Register the decorated frozen dataclass as a method."""

    def make(event: type[Event]) -> type[Event]:
        register("method", name)(MethodSpec(name, event, acts_on, source, needs_groups, trains_twice))
        return event

    return make


def within(name: str, value: float, low: float, high: float) -> None:
    """UsageError unless low <= value <= high."""
    if not low <= value <= high:
        raise UsageError(f"{name}={value!r} is out of range.", do=f"give a number from {low:g} to {high:g}")
