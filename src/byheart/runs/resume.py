"""A training's state as plain arrays, and back: weights, optimizer, and what events own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from byheart.base.errors import RunError
from byheart.base.store import digest, read_arrays
from byheart.runs.events import State

Arrays = dict[str, np.ndarray]
CHECK = "sha256"


def pack(state: State) -> Arrays:
    """Everything that training needs to go on after this epoch; random numbers are re-seeded per epoch and need no
    place.
    """
    arrays = flat("network", state.network) | flat("optimizer", state.optimizer) | flat("own", state.own)
    arrays |= {f"kept/{name}": array for name, array in state.kept.items()}
    arrays |= {"epoch": np.array(state.epoch), "stop": np.array(state.stop)}
    return arrays | {CHECK: _check(arrays)}


def saved(path: Path) -> Arrays:
    """The arrays that `pack` gave and somebody wrote; RunError when a single bit of them is another one.

    An optimizer computes with whatever it is given, beyond the end of an array that is too short.
    """
    arrays = read_arrays(path)
    check = arrays.pop(CHECK, None)
    if check is None or check.tobytes() != _check(arrays).tobytes():
        raise RunError(f"{path} is damaged.", "Its content is not what was written.", "start anew with --fresh")
    return arrays


def _check(arrays: Arrays) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(digest(arrays)), np.uint8)


def unpack(state: State, arrays: Arrays) -> None:
    """Put a packed state into a new one whose events have already had their `fit_start`."""
    try:
        restore("network", state.network, arrays)
        restore("optimizer", state.optimizer, arrays)
        state.own = restore("own", state.own, arrays) or {}
        state.kept = {n.removeprefix("kept/"): a for n, a in arrays.items() if n.startswith("kept/")}
        state.epoch, state.stop = int(arrays["epoch"]), bool(arrays["stop"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise RunError("The saved state does not fit this network.", f"({error})", "start anew with --fresh") from error


def flat(name: str, thing: Any) -> Arrays:
    """A tree of modules, optimizers, mappings, tensors, arrays and numbers as named arrays."""
    if isinstance(thing, nn.Module):
        return {f"{name}/{k}": v.detach().cpu().numpy().copy() for k, v in thing.state_dict().items()}
    if isinstance(thing, torch.optim.Optimizer):
        slots = thing.state_dict()["state"]
        return {f"{name}/{i}/{k}": np.asarray(v.cpu() if hasattr(v, "cpu") else v)
                for i, slot in slots.items() for k, v in slot.items() if v is not None}  # fmt: skip
    if isinstance(thing, Mapping):
        return {key: a for k, v in thing.items() for key, a in flat(f"{name}/{k}", v).items()}
    return {name: thing.detach().cpu().numpy().copy() if hasattr(thing, "detach") else np.asarray(thing)}


def restore(name: str, thing: Any, arrays: Arrays) -> Any:
    """Put named arrays back into a tree of the same shape; returns the tree."""
    own = {k.removeprefix(f"{name}/"): a for k, a in arrays.items() if k.startswith(f"{name}/")}
    if isinstance(thing, nn.Module):
        thing.load_state_dict({k: torch.from_numpy(a.copy()) for k, a in own.items()})
        return thing
    if isinstance(thing, torch.optim.Optimizer):
        slots: dict[int, dict[str, Any]] = {}
        for key, array in own.items():
            place, slot = key.split("/", 1)
            slots.setdefault(int(place), {})[slot] = torch.from_numpy(array.copy())
        thing.load_state_dict(thing.state_dict() | {"state": slots})
        return thing
    if isinstance(thing, Mapping) or (thing is None and own):
        known = dict(thing or {})
        for key in {k.split("/", 1)[0] for k in own}:
            known[key] = restore(f"{name}/{key}", known.get(key), arrays)
        return known
    found = arrays[name]
    return (
        torch.from_numpy(found.copy())
        if isinstance(thing, torch.Tensor)
        else found.item()
        if found.ndim == 0
        else found
    )
