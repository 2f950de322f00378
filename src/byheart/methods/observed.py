"""What a method does in a training, seen from inside the loop: whatever its tags say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from byheart.base.errors import DataError
from byheart.data.task import Task
from byheart.runs.events import State
from byheart.runs.learner import Network
from byheart.runs.named import named_event

LOOKING = "opacus."  # hooks from there keep what passes, for each example's gradient, and change nothing
NEAR = 1e-5  # relative difference below which two float32 losses are the same one


@dataclass(frozen=True)
class Observed:
    """What was seen of a method: `places` where the training was no plain one ("loss", "sample": which examples are
    learned from, or how often; "representation": inside the network), how many `networks` learned from the inputs, and
    whether examples without groups were `refused`.
    """

    places: frozenset[str]
    networks: int
    refused: bool


@dataclass
class Watch:
    """An event that comes last and changes nothing. `plain` are the kinds of modules of an untouched network.

    The loss of a network that is touched inside is not compared: another pass would be one more for what acts there.
    """

    plain: frozenset[type]
    places: set[str] = field(default_factory=set)

    def epoch_start(self, state: State) -> None:
        if not np.array_equal(np.sort(state.rows), np.arange(len(state.task.train))):
            self.places.add("sample")

    def losses(self, state: State) -> None:
        assert state.batch is not None and state.losses is not None
        weights = torch.ones_like(state.losses) if state.weights is None else state.weights
        if (weights == 0).any():
            self.places.add("sample")
        if touched(state.network, self.plain):
            self.places.add("representation")
            return
        loss = state.loss if state.loss is not None else (state.losses * weights).sum() / weights.sum() + state.penalty
        with torch.no_grad():
            given = torch.from_numpy(state.task.train.targets[state.batch.rows])
            bare = state.task.loss(state.network(state.batch.inputs), given).mean()
        if not torch.allclose(loss.detach(), bare, rtol=NEAR):
            self.places.add("loss")


def observed(task: Task, method: Any, seed: int = 0) -> Observed:
    """What a method, an event or its name, does on a task, trained once with its groups and once without.

    Networks with dropout or batch normalization in training are no plain ones: give a task whose network has neither.
    """
    event = named_event(method) if isinstance(method, str) else method
    watch = Watch(kinds(task.build()))
    with learning(task.input_shape) as networks:
        fitted(task, (event, watch), seed)
    parts = {part: replace(getattr(task, part), groups=None) for part in ("train", "validation", "test")}
    refused = False
    try:
        fitted(replace(task, **parts), (event,), seed)
    except DataError:
        refused = True
    return Observed(frozenset(watch.places), len(networks), refused)


def fitted(task: Task, events: tuple[Any, ...], seed: int) -> None:
    """Train the task with these events in place of its methods."""
    task = replace(task, recipe=replace(task.recipe, methods=events))
    Network().fit(task, np.arange(len(task.train)), seed)


def kinds(network: nn.Module) -> frozenset[type]:
    """The kinds of modules in a network."""
    return frozenset(type(module) for module in network.modules())


def touched(network: nn.Module, plain: frozenset[type]) -> bool:
    """Whether a module of another kind, or a hook that may change what passes, was put into the network."""
    hooks = (h for m in network.modules() for h in (*m._forward_hooks.values(), *m._forward_pre_hooks.values()))
    looking = all(getattr(hook, "__module__", "").startswith(LOOKING) for hook in hooks)
    return not looking or any(type(m) not in plain for m in network.modules())


@contextmanager
def learning(shape: tuple[int, ...]) -> Iterator[list[nn.Module]]:
    """The networks that are called in training on inputs of that shape, as a whole and not as a part of another."""
    found: list[nn.Module] = []
    inside: list[nn.Module] = []

    def enter(module: nn.Module, given: Any) -> None:
        whole = not inside and module.training and torch.is_grad_enabled() and given[0].shape[1:] == shape
        if whole and not any(module is other for other in found):
            found.append(module)
        inside.append(module)

    def leave(module: nn.Module, given: Any, answers: Any) -> None:
        inside.pop()

    handles = register_module_forward_pre_hook(enter), register_module_forward_hook(leave)
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
