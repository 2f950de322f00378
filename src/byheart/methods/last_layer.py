"""The last linear layer of a network: what it reads are the features, what it says are the outputs."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.data.task import Task


def last_linear(task: Task, network: nn.Module) -> nn.Linear:
    """The linear layer, with a bias, whose output is the network's; UsageError where there is none."""
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    if layers and layers[-1].bias is not None and ends_in(task, network, layers[-1]):
        return layers[-1]
    raise UsageError(
        "This network does not end in a linear layer.",
        "What is read or replaced is an nn.Linear with a bias whose output is the network's.",
        "end the network with nn.Linear(features, outputs)",
    )


def ends_in(task: Task, network: nn.Module, layer: nn.Linear) -> bool:
    """Whether the network's outputs are that layer's, as they come, for one feature vector (d,) per example."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def look(module: nn.Module, given: tuple[torch.Tensor], output: torch.Tensor) -> None:
        seen.append((given[0], output))

    hook = layer.register_forward_hook(look)
    device, was = next(network.parameters()).device, network.training
    inputs, _ = task.tensors(task.train, np.arange(min(2, len(task.train))))
    try:
        with torch.no_grad():
            outputs = network.eval()(inputs.to(device))
    finally:
        hook.remove()
        network.train(was)
    return len(seen) == 1 and seen[0][0].ndim == 2 and torch.equal(seen[0][1], outputs)
