"""The training loop in words, with the moments at which a method may act.

    network, optimizer = new ones, or a run's weights
    <fit_start>                          may replace network, optimizer, rows
    for epoch in recipe.epochs:
        <epoch_start>
        for state.batch in task.batches(rows, epoch):
            <batch>                      may replace state.batch
            logits = network(inputs);  the recorder reads them against the recorded labels
            <logits>                     may replace state.logits
            losses = task.loss(logits, targets);  weights = 1
            <losses>                     may change losses, weights, penalty, or set state.loss
            loss = sum(losses * weights) / sum(weights) + penalty
            backward
            <gradients>                  before clipping; state.closure() runs forward and backward again
            optimizer.step()
            <step>
        <epoch_end>                      sees state.held_out; state.stop = True ends training
    <fit_end>

An event is a frozen dataclass with methods of these names, each taking the one mutable `State`. With
`reads_held_out = True` it finds the validation loss and accuracy in `state.held_out` at `epoch_end`; with
`clock = "eval"`, because its logits belong to changed inputs, the trajectory is read in a clean pass after each epoch;
`rebuild(network) -> network` puts back what a network needs for prediction besides its parameters. At `epoch_start` it
may replace `state.rows`, the examples of this epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from byheart.data.task import Batch, Task

MOMENTS = ("fit_start", "epoch_start", "batch", "logits", "losses", "gradients", "step", "epoch_end", "fit_end")


@dataclass
class State:
    """Everything that a moment of training consists of."""

    task: Task
    rows: np.ndarray
    seed: int
    network: nn.Module
    optimizer: torch.optim.Optimizer
    device: str = "cpu"
    epoch: int = 0
    batch: Batch | None = None
    logits: Tensor | None = None
    losses: Tensor | None = None
    weights: Tensor | None = None
    penalty: Tensor | float = 0.0
    loss: Tensor | None = None
    held_out: dict[str, float] = field(default_factory=dict)
    stop: bool = False
    own: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, np.ndarray] = field(default_factory=dict)
    closure: Callable[[], Tensor] | None = None
    hooks: list[Any] = field(default_factory=list)  # handles of hooks on modules: removed when training ends, however

    def keep(self, name: str, array: np.ndarray) -> None:
        """Have `array` written into the run folder under `name`."""
        self.kept[name] = np.asarray(array)


def fire(moment: str, events: Sequence[Any], state: State) -> None:
    """Let every event act that has something to do at this moment."""
    for event in events:
        act = getattr(event, moment, None)
        if act is not None:
            act(state)
