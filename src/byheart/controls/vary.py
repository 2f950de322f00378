"""What can be varied, by name: "dropout=0,0.2,0.5", "hidden=64x64,256x256", "size=100,300,1000".

A name means, in this order: a field of the recipe (epochs, batch, optimizer, lr, ...), the data and what is done with
them (size, irrelevant, plan, augment, scaling, network, method), a plant, a method, an argument of the network. Where
one name means two things the first wins, and a prefix says which is meant: `network.dropout=0.1` (recipe. data. plant.
method. network.).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from byheart.base.errors import UsageError
from byheart.base.registry import every, find
from byheart.controls.arguments import Network, arguments_of, name_of, written
from byheart.data.amounts import number
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.runs.named import literal, named_event

Kind = Literal["recipe", "data", "plant", "method", "network"]
Vary = Mapping[str, Sequence[Any]] | Sequence[str]
WITHOUT = ("none", "off", "0", "0.0")
DATA = ("size", "irrelevant", "plan", "augment", "scaling", "network", "method")
# columns of the table that a factor cannot be called after: it then bears its prefix
COLUMNS = (
    "setting", "seeds", "diverged", "parameters", "examples", "learning_rate", "train", "validation", "test", "gap",
    "wrong_fitted", "memorized", "worst_group", "complexity", "epochs_trained", "epochs_to_converge", "converged",
    "frontier",
)  # fmt: skip
NOT_VARIED = ("methods", "device")  # methods go by their names; a device is no setting of an experiment


@dataclass(frozen=True)
class Factor:
    """One thing that is varied: its name as it was given, where it takes hold, and its levels as texts and values."""

    name: str
    kind: Kind
    target: str
    texts: tuple[str, ...]
    values: tuple[Any, ...]


def factors_of(vary: Vary, task: Task) -> tuple[Factor, ...]:
    """What is varied, from texts "name=value,value" or a mapping of name -> values.

    Errors: UsageError for unknown names, values that cannot be read, and anything given twice.
    """
    given = [(n, list(values)) for n, values in vary.items()] if isinstance(vary, Mapping) else [*map(cut, vary)]
    if not given:
        raise UsageError("Nothing is varied.", do="give, for example, dropout=0,0.2,0.5")
    networks = [task.network, *(v for n, values in given if n in ("network", "data.network") for v in values)]
    found = tuple(factor(name, values, task.name, networks) for name, values in given)
    twice = [target for (_, target), n in Counter((f.kind, f.target) for f in found).items() if n > 1]
    if twice:
        raise UsageError(f"{twice[0]} is varied twice.", do=f"give all its values at once: {twice[0]}=value,value")
    return found


def cut(text: str) -> tuple[str, list[str]]:
    """Name and values of "name=value,value"; a comma inside brackets belongs to a value."""
    name, equals, rest = text.partition("=")
    values, depth = [""], 0
    for character in rest:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            values.append("")
        else:
            values[-1] += character
    values = [v.strip() for v in values]
    if not (name.strip() and equals and all(values)):
        raise UsageError(f"{text!r} says nothing that can be varied.", do="write name=value,value: dropout=0,0.2,0.5")
    return name.strip(), values


def factor(name: str, given: Sequence[Any], task_name: str, networks: Sequence[Network]) -> Factor:
    """The factor that a name means, its values read."""
    kind, target = resolved(name, networks)
    texts = tuple(map(shown, given))
    if len(set(texts)) < len(texts) or not texts:
        raise UsageError(f"{name} has {'the same value twice' if texts else 'no value'}.", do="give different values")
    column = f"{kind}.{target}" if name in COLUMNS else name
    return Factor(column, kind, target, texts, tuple(value_of(kind, target, v, networks) for v in given))


def resolved(name: str, networks: Sequence[Network]) -> tuple[Kind, str]:
    """Where a name takes hold, and what it is called there; UsageError with the nearest name when it means nothing."""
    known = names(networks)
    prefix, dot, rest = name.partition(".")
    if dot and prefix in known and rest in known[prefix]:
        return prefix, rest
    for kind, there in known.items():
        if name in there:
            return kind, name
    everything = dict.fromkeys(n for there in known.values() for n in there)
    near = difflib.get_close_matches(rest or name, everything, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(everything)}"
    raise UsageError(f"Nothing called {name!r} can be varied.", do=hint)


def names(networks: Sequence[Network]) -> dict[Kind, tuple[str, ...]]:
    """All that can be varied, by where it takes hold."""
    return {
        "recipe": tuple(f.name for f in fields(Recipe) if f.name not in NOT_VARIED),
        "data": DATA,
        "plant": tuple(every("plant")),
        "method": tuple(every("method")),
        "network": tuple(dict.fromkeys(name for network in networks for name in arguments_of(network))),
    }


def value_of(kind: Kind, target: str, given: Any, networks: Sequence[Network]) -> Any:
    """A level as a value; None stands for "without"."""
    if kind == "plant":
        return None if without(given) else number(f"{target}={given}", str(given))
    if kind == "method":
        return event(target, given)
    if target == "augment":
        return () if without(given) else (given,) if isinstance(given, str) else tuple(given)
    if not isinstance(given, str):
        return given
    if target == "method":
        return None if without(given) else named_event(given)
    if kind == "network":
        return written(target, given, networks)
    if target == "network":
        find("network", given)
    if target == "irrelevant" and without(given):
        return None
    if kind == "recipe" or target in ("size", "irrelevant"):
        return None if given in ("auto", "all") else literal(given)
    return given


def without(given: Any) -> bool:
    """Whether a level means that there is nothing of it."""
    return given is None or given is False or (isinstance(given, str | int | float) and str(given) in WITHOUT)


def event(name: str, given: Any) -> Any:
    """The method at that strength; "on" is with its defaults, "(key=value)" with those arguments, None without it."""
    if without(given):
        return None
    spec = find("method", name)
    if isinstance(given, spec.event):
        return given
    if given is True or given == "on":
        return spec()
    if isinstance(given, str) and "(" in given:
        return named_event(given if given.startswith(name) else f"{name}{given}")
    return spec(literal(given) if isinstance(given, str) else given)


def shown(given: Any) -> str:
    """A level as a person writes it."""
    if given is None or given is False:
        return "none"
    if isinstance(given, tuple | list):
        return "x".join(map(str, given)) or "none"
    return name_of(given) if callable(given) else str(given).strip()
