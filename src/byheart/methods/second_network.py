"""A second network that is trained beside the first: twins, and networks that are meant to be biased."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from byheart.base.errors import DataError
from byheart.base.seeds import spawn
from byheart.runs.events import State
from byheart.runs.loop import optimizer_of

Second = dict[str, Any]  # "network" and "optimizer", as `state.own` keeps them


def second_network(state: State, name: str) -> Second:
    """The task's network with first weights of its own, and the recipe's optimizer; what is frozen in the first is
    copied from it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spawn(state.seed, name))
        network = state.task.build().to(state.device)
    for mine, other in zip(network.parameters(), state.network.parameters(), strict=True):
        mine.requires_grad_(other.requires_grad)
        if not other.requires_grad:
            mine.data.copy_(other.data)
    learned = [p for p in network.parameters() if p.requires_grad]
    return {"network": network, "optimizer": optimizer_of(state.task, learned)}


def follow(second: Second, state: State) -> None:
    """Give the second network the first one's learning rate for this epoch, and set it to training."""
    for group in second["optimizer"].param_groups:
        group["lr"] = state.optimizer.param_groups[0]["lr"]
    second["network"].train()


def descend(second: Second, state: State) -> None:
    """One step of the second network along its gradient, bounded as the recipe says."""
    if state.task.recipe.clip:
        nn.utils.clip_grad_norm_(second["network"].parameters(), state.task.recipe.clip, foreach=True)
    second["optimizer"].step()


def learn(second: Second, loss: Tensor, state: State) -> None:
    """One step of the second network down a loss of its own."""
    second["optimizer"].zero_grad(set_to_none=True)
    loss.backward()
    descend(second, state)


def classes_needed(name: str, state: State) -> int:
    """How many classes; DataError for regression, before anything is trained."""
    if not state.task.is_classification:
        raise DataError(f"{name} works on classes, and this task is a regression.", do=f"leave {name} out")
    return state.task.classes
