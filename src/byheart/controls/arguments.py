"""A network's arguments: which there are, how one is written, and the network with others.

`width` and `depth` are understood by every network that has a tuple of sizes (mlp's `hidden`, cnn's `channels`) and no
argument of that name: every layer so wide; so many layers, the last size repeated.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.runs.named import literal

SHAPE = ("width", "depth")
Network = str | Callable[..., Any]


def factory_of(network: Network) -> Callable[..., Any]:
    """What makes the network."""
    return find("network", network) if isinstance(network, str) else network


def name_of(network: Network) -> str:
    """How a network is called."""
    inner = network.func if isinstance(network, functools.partial) else network
    return inner if isinstance(inner, str) else getattr(inner, "__name__", type(inner).__name__)


def arguments_of(network: Network) -> dict[str, Any]:
    """Argument -> default, without the two that the task gives (input shape, outputs); empty where nobody can tell."""
    own = own_arguments(network)
    return own | ({name: 1 for name in SHAPE if name not in own} if sizes_of(own) else {})


def own_arguments(network: Network) -> dict[str, Any]:
    """Those that the network's function has itself."""
    try:
        parameters = inspect.signature(factory_of(network)).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def sizes_of(own: Mapping[str, Any]) -> str | None:
    """The argument that is a tuple of sizes, if there is one."""
    found = (name for name, default in own.items() if is_sizes(default) and default)
    return next(found, None)


def is_sizes(value: Any) -> bool:
    """Whether a value is a tuple of whole numbers."""
    return isinstance(value, tuple) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)


def written(name: str, text: str, networks: Sequence[Network]) -> Any:
    """The value of an argument as it is written: 64x64 and none are sizes where the default is a tuple of sizes."""
    known = [arguments_of(network) for network in networks]
    if any(is_sizes(arguments.get(name)) for arguments in known):
        if text == "none":
            return ()
        parts = [literal(part) for part in text.strip("()").replace(",", "x").split("x") if part.strip()]
        if is_sizes(tuple(parts)):
            return tuple(parts)
    return literal(text)


def with_arguments(network: Network, wanted: Mapping[str, Any]) -> Network:
    """The network with other arguments; UsageError for one that it has not."""
    known, own = arguments_of(network), own_arguments(network)
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"{name_of(network)} has no argument {name!r}.", do=f"it has: {', '.join(known) or 'none'}"
            )
    chosen = {name: value for name, value in wanted.items() if name in own}
    sizes = sizes_of(own)
    if sizes is not None and set(wanted) - set(own):
        chosen[sizes] = reshaped(chosen.get(sizes, own[sizes]), wanted.get("width"), wanted.get("depth"))
    return functools.partial(factory_of(network), **chosen) if chosen else network


def reshaped(sizes: tuple[int, ...], width: Any, depth: Any) -> tuple[int, ...]:
    """Sizes of so many layers, each so wide; None leaves width or depth as they are."""
    for name, value in (("width", width), ("depth", depth)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < (name == "width")):
            raise UsageError(f"{name}={value!r} makes no network.", do="give a whole number from 1")
    many = len(sizes) if depth is None else depth
    longer = (sizes + sizes[-1:] * many)[:many]
    return longer if width is None else (width,) * many
