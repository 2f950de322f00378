"""The training loop: `runs/events.py` says it in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from byheart.base.devices import choose
from byheart.base.errors import TrainingFailed, UsageError
from byheart.base.seeds import spawn
from byheart.data.examples import Examples
from byheart.data.task import Batch, Task
from byheart.runs.events import State, fire
from byheart.runs.evidence import read
from byheart.runs.named import named_event

Watch = Callable[[Batch, Tensor], None]
Weights = dict[str, np.ndarray]
CHUNK = 1024


def begin(
    task: Task, rows: np.ndarray, seed: int, start: Weights | None = None, train_only: str | None = None
) -> State:
    """A network and its optimizer, ready for the first epoch; `start` are weights to begin from, `train_only` a name
    pattern.
    """
    torch.manual_seed(spawn(seed, "network"))
    device = choose(task.recipe.device)
    network = task.build().to(device)
    if start is not None:
        network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in start.items()})
    chosen = [p for name, p in network.named_parameters() if train_only is None or fnmatch(name, train_only)]
    if not chosen:
        raise UsageError(
            f"No parameter is called {train_only!r}.",
            f"They are called {', '.join(n for n, _ in network.named_parameters())}.",
            "give a pattern such as 'head.*'",
        )
    for p in network.parameters():
        p.requires_grad_(any(p is q for q in chosen))
    return State(task, np.asarray(rows), seed, network, optimizer_of(task, chosen), device)


def optimizer_of(task: Task, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimizer; the learning rate must have been settled."""
    r = task.recipe
    assert r.lr is not None, "settle the learning rate first: runs.learning_rate.settled(task)"
    if r.optimizer == "adamw":
        return torch.optim.AdamW(parameters, r.lr, weight_decay=r.weight_decay, fused=True)
    return torch.optim.SGD(parameters, r.lr, momentum=r.momentum, weight_decay=r.weight_decay, fused=True)


def events_of(task: Task) -> tuple[Any, ...]:
    """The recipe's methods; those given by name ("dropout=0.5") are made."""
    return tuple(named_event(m) if isinstance(m, str) else m for m in task.recipe.methods)


def fit(
    state: State,
    events: Sequence[Any] = (),
    watch: Watch | None = None,
    each_epoch: Callable[[State], None] | None = None,
) -> State:
    """Train to the recipe's last epoch, from wherever `state` is.

    `watch` sees every batch with its raw logits, `each_epoch` the state after each epoch. Errors: TrainingFailed, with
    epoch and batch, when the loss is no number any more.
    """
    try:
        _fit(state, events, watch, each_epoch)
    finally:
        for hook in state.hooks:
            hook.remove()
        state.hooks.clear()
    return state


def _fit(state: State, events: Sequence[Any], watch: Watch | None, each_epoch: Callable[[State], None] | None) -> None:
    task, recipe = state.task, state.task.recipe
    looks = any(getattr(event, "reads_held_out", False) for event in events)
    # torch.manual_seed also notes the call, with its stack, for every kind of device that has not been used yet
    seed = torch.default_generator.manual_seed if state.device == "cpu" else torch.manual_seed
    fire("fit_start", events, state)
    while state.epoch < recipe.epochs and not state.stop:
        seed(spawn(state.seed, "epoch", state.epoch))
        order = torch.Generator().manual_seed(spawn(state.seed, "batches", state.epoch))
        for group in state.optimizer.param_groups:
            group["lr"] = (recipe.lr or 0.0) * recipe.rate(state.epoch)
        state.network.train()
        fire("epoch_start", events, state)
        for number, batch in enumerate(task.batches(state.rows, state.epoch, order)):
            state.batch = Batch(batch.ids, batch.rows, batch.inputs.to(state.device), batch.targets.to(state.device))
            fire("batch", events, state)
            step(state, events, watch, number)
        state.epoch += 1
        if looks:
            state.held_out = held_out(state)
        fire("epoch_end", events, state)
        if each_epoch is not None:
            each_epoch(state)
    fire("fit_end", events, state)


def step(state: State, events: Sequence[Any], watch: Watch | None, number: int) -> None:
    """One batch: forward, loss, backward, update."""
    clip = state.task.recipe.clip
    state.loss, state.closure = None, partial(loss_and_gradients, state, events, watch)
    value = float(state.closure().detach())
    if not math.isfinite(value):
        raise TrainingFailed(
            f"The loss became {value} in epoch {state.epoch + 1}, batch {number + 1}.",
            "The steps are too large for this network and data.",
            f"lower the learning rate ({state.task.recipe.lr:g} now)"
            + (", standardize inputs" if clip else ", clip gradients (clip=1), standardize inputs"),
        )
    fire("gradients", events, state)
    if clip:
        nn.utils.clip_grad_norm_(state.network.parameters(), clip, foreach=True)
    state.optimizer.step()
    fire("step", events, state)


def loss_and_gradients(state: State, events: Sequence[Any], watch: Watch | None) -> Tensor:
    """The loss of the current batch, with the parameters' gradients; `watch` sees the first look at a batch alone."""
    assert state.batch is not None
    state.logits = logits = state.network(state.batch.inputs)
    if watch is not None and state.loss is None:
        watch(state.batch, logits)
    fire("logits", events, state)
    assert state.logits is not None
    state.losses = state.task.loss(state.logits, state.batch.targets)
    state.weights, state.penalty, state.loss = None, 0.0, None
    fire("losses", events, state)
    if state.loss is None:
        w = state.weights
        state.loss = (state.losses.mean() if w is None else (state.losses * w).sum() / w.sum()) + state.penalty
    state.optimizer.zero_grad(set_to_none=True)
    state.loss.backward()
    return state.loss


def held_out(state: State) -> dict[str, float]:
    """Mean loss and, for classes, accuracy on the validation examples: "validation_loss", "validation_correct"."""
    task, part = state.task, state.task.validation
    targets = part.targets if task.classes else (part.targets - task.target_scale[0]) / task.target_scale[1]
    found = read(outputs(task, state.network, part, state.device), targets, task.classes)
    return {f"validation_{name}": float(found[name].astype(np.float64).mean()) for name in ("loss", "correct")}


def outputs(task: Task, network: nn.Module, examples: Examples, device: str = "cpu") -> np.ndarray:
    """The network's outputs (n, outputs) float32 in eval mode, in chunks of a fixed size."""
    was = network.training
    network.eval()
    with torch.no_grad():
        parts = [
            network(task.tensors(examples, np.arange(i, min(i + CHUNK, len(examples))))[0].to(device)).cpu()
            for i in range(0, len(examples), CHUNK)
        ]
    network.train(was)
    return torch.cat(parts).float().numpy()


@contextmanager
def one_thread() -> Iterator[None]:
    """One intra-op thread, so that the numbers do not depend on the machine's load or size.

    The caller's global generator is given back as it was.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(before)
