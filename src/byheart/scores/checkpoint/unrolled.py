"""Loss sensitivity through training itself: the gradient in an input of the loss after steps it took part in.

g_i^t = ||dL_t / dx_i||_1, L_t the mean loss of all examples after t steps of stochastic gradient descent; x_i acts on
L_t directly and through every update of its batch (Arpit et al. 2017, section 3.2). Their class-wise form takes the
part of L_t that comes from the examples of one class. The whole path is kept in memory: for small networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.seeds import spawn
from byheart.data.task import Task
from byheart.methods.input_scale import deviations
from byheart.runs.loop import Weights, begin, one_thread
from byheart.scores.checkpoint.sensitivity import class_sensitivity
from byheart.scores.checkpoint.slopes import NONE

Parameters = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Unrolled:
    """Some steps of training, after each: `losses` (steps,), the mean over all examples, and `sensitivity` (steps, n),
    the sum of absolute derivatives of that mean in the values of each example's input, in deviations.
    """

    losses: Float[np.ndarray, "steps"]
    sensitivity: Float[np.ndarray, "steps n"]


def unrolled_sensitivity(task: Task, steps: int, seed: int = 0, start: Weights | None = None) -> Unrolled:
    """How much the mean loss after each of the first `steps` steps depends on each training input.

    Steps are the task's: its batches, momentum, weight decay and learning rate of the first epochs, in double precision
    and in eval mode (no dropout), without clipping, augmentation and methods; `start` are weights to begin from. The
    mean over steps is the source's sensitivity. Errors: UsageError for steps below 1, another optimizer than SGD, no
    settled learning rate, and batch normalization; NotApplicable where outputs have no gradient in the inputs.
    """
    inputs, targets, path = begun(task, steps, seed, start)
    scale = torch.from_numpy(np.asarray(deviations(task))).to(inputs)
    losses, found = [], []
    with one_thread(), torch.enable_grad():
        for network, parameters in path:
            loss = task.loss(functional_call(network, parameters, (inputs,)), targets).mean()
            found.append((gradient(loss, inputs) * scale).flatten(1).abs().sum(1))
            losses.append(loss.detach())
    return Unrolled(torch.stack(losses).numpy(), torch.stack(found).numpy())


def unrolled_class_sensitivity(
    task: Task, steps: int, seed: int = 0, start: Weights | None = None
) -> Float[np.ndarray, "classes classes"]:
    """How much the part of the mean loss that is class i's (row) depends on an input value of class j (column), mean
    over the first `steps` steps; errors as for `unrolled_sensitivity`, and NotApplicable for regression.
    """
    if not task.is_classification:
        raise NotApplicable("the targets are numbers, not classes")
    inputs, targets, path = begun(task, steps, seed, start)
    scale, found = torch.from_numpy(np.asarray(deviations(task))).to(inputs), []
    with one_thread(), torch.enable_grad():
        for network, parameters in path:
            losses = task.loss(functional_call(network, parameters, (inputs,)), targets) / len(targets)
            own = [gradient((losses * (targets == k)).sum(), inputs) * scale for k in range(task.classes)]
            found.append(class_sensitivity(torch.stack(own), targets))
    return np.mean(found, 0)


def begun(
    task: Task, steps: int, seed: int, start: Weights | None
) -> tuple[Tensor, Tensor, Iterator[tuple[nn.Module, Parameters]]]:
    """All training inputs (n, ...), as leaves of the graph, targets (n,), and the parameters after each step."""
    recipe = task.recipe
    if steps < 1:
        raise UsageError(f"steps={steps} is no training.", do="give at least 1")
    if recipe.optimizer != "sgd" or recipe.lr is None:
        what = f"The optimizer is {recipe.optimizer}" if recipe.optimizer != "sgd" else "There is no learning rate"
        raise UsageError(f"{what}.", "Only SGD at a given rate is unrolled.", 'give Recipe(optimizer="sgd", lr=0.1)')
    rows = np.arange(len(task.train))
    with one_thread():
        network = begin(task, rows, seed, start).network.cpu().double().eval()
    if next(network.buffers(), None) is not None:
        raise UsageError(
            "The network has running statistics, such as those of batch normalization.",
            "They move with the batches, without a gradient.", "give a network without them",
        )  # fmt: skip
    inputs, targets = task.tensors(task.train, rows)
    inputs = inputs.double().requires_grad_(True)
    targets = targets.double() if targets.is_floating_point() else targets
    return inputs, targets, path(task, network, inputs, targets, steps, seed)


def path(
    task: Task, network: nn.Module, inputs: Tensor, targets: Tensor, steps: int, seed: int
) -> Iterator[tuple[nn.Module, Parameters]]:
    """The network and its parameters after each step, as functions of the inputs."""
    recipe = task.recipe
    now: Parameters = {name: p.detach().requires_grad_(True) for name, p in network.named_parameters()}
    speed: Parameters = {}
    for _, (epoch, rows) in zip(range(steps), batches(task, seed), strict=False):
        assert recipe.lr is not None
        rate = recipe.lr * recipe.rate(epoch)
        losses = task.loss(functional_call(network, now, (inputs[rows],)), targets[rows])
        slopes = torch.autograd.grad(losses.mean(), list(now.values()), create_graph=True)
        for (name, p), slope in zip(list(now.items()), slopes, strict=True):
            slope = slope + recipe.weight_decay * p
            speed[name] = recipe.momentum * speed[name] + slope if name in speed else slope
            now[name] = p - rate * speed[name]
        yield network, dict(now)


def batches(task: Task, seed: int) -> Iterator[tuple[int, Tensor]]:
    """Epoch and rows of every batch, without end; past the recipe's last epoch its number, and rate, stay the last."""
    epoch = 0
    while True:
        order = torch.Generator().manual_seed(spawn(seed, "batches", epoch))
        for batch in task.batches(np.arange(len(task.train)), epoch, order):
            yield min(epoch, task.recipe.epochs - 1), torch.from_numpy(batch.rows)
        epoch += 1


def gradient(loss: Tensor, inputs: Tensor) -> Tensor:
    """The gradient of one number in the inputs, with the graph kept for the next; NotApplicable where there is none."""
    found = torch.autograd.grad(loss, inputs, retain_graph=True, allow_unused=True)[0]
    if found is None:
        raise NotApplicable(NONE)
    return found
