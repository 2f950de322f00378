"""Many small networks of one kind, trained side by side: their weights stacked, each with batches of its own.

The procedure is that of `runs/loop.py`, model by model: the same start, the same batches in the same order, the same
optimizer, schedule and clipping. Only the order of sums inside a product differs, so the numbers agree to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.errors import TrainingFailed, UsageError
from byheart.base.seeds import spawn
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.runs.loop import begin

BETAS, EPS = (0.9, 0.999), 1e-8  # of torch's AdamW
# each acts on every number by itself
ACTIVATIONS = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Identity)
ONE_BY_ONE = "record them one by one: byheart.record_subsets"


@dataclass
class Stack:
    """The layers of K networks; `weights` are (K, in, out) and (K, 1, out), layer by layer."""

    layers: list[nn.Module]
    weights: list[Tensor]

    @classmethod
    def of(cls, networks: Sequence[nn.Module]) -> Stack:
        """Their weights, copied. Errors: UsageError for networks that cannot be stacked."""
        each = [linear_layers(network) for network in networks]
        weights: list[Tensor] = []
        for same in zip(*each, strict=True):
            weights.append(torch.stack([layer.weight.detach().T for layer in same]).contiguous())
            if same[0].bias is not None:
                weights.append(torch.stack([layer.bias.detach()[None] for layer in same]).contiguous())
        return cls(flat_layers(networks[0]), weights)

    def outputs(
        self, weights: list[Tensor], inputs: Float[Tensor, "models batch *shape"]
    ) -> Float[Tensor, "models batch outputs"]:
        """What each model says of its own inputs."""
        x, rest = inputs, iter(weights)
        for layer in self.layers:
            if isinstance(layer, nn.Flatten):
                x = x.flatten(2)
            elif isinstance(layer, nn.Linear):
                weight = next(rest)
                x = torch.bmm(x, weight) if layer.bias is None else torch.baddbmm(next(rest), x, weight)
            else:
                x = layer(x)
        return x

    def into(self, network: nn.Module, k: int) -> None:
        """Give the network the weights of model k."""
        rest = iter(self.weights)
        with torch.no_grad():
            for layer in linear_layers(network):
                layer.weight.copy_(next(rest)[k].T)
                if layer.bias is not None:
                    layer.bias.copy_(next(rest)[k, 0])


def flat_layers(network: nn.Module) -> list[nn.Module]:
    """The layers of nested Sequentials, in order."""
    if type(network) is nn.Sequential:
        return [layer for part in network for layer in flat_layers(part)]
    return [network]


def linear_layers(network: nn.Module) -> list[nn.Linear]:
    """The linear layers, in order. Errors: UsageError for a network of anything but these, Flatten and activations."""
    layers = flat_layers(network)
    odd = [type(layer).__name__ for layer in layers if type(layer) not in (nn.Linear, nn.Flatten, *ACTIVATIONS)]
    odd += ["a hook" for layer in network.modules() if layer._forward_hooks or layer._forward_pre_hooks]
    odd += ["Flatten of other axes" for f in layers if type(f) is nn.Flatten and (f.start_dim, f.end_dim) != (1, -1)]
    found = [layer for layer in layers if type(layer) is nn.Linear]
    if len({id(p) for layer in found for p in layer.parameters()}) < sum(len([*m.parameters()]) for m in found):
        odd.append("a layer that is used twice")
    if odd or not found:
        raise UsageError(
            f"Networks with {', '.join(dict.fromkeys(odd)) or 'no linear layer'} cannot be stacked.",
            "A stack knows linear layers, Flatten and activations, in nn.Sequential.", ONE_BY_ONE,
        )  # fmt: skip
    return found


@dataclass
class Optimizer:
    """The recipe's optimizer on stacked weights: torch's arithmetic, with a count of steps for each model."""

    recipe: Recipe
    weights: list[Tensor]
    first: list[Tensor] = field(init=False)
    second: list[Tensor] = field(init=False)
    steps: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.second = ([torch.zeros_like(w) for w in self.weights] for _ in range(2))
        self.steps = torch.zeros(len(self.weights[0]), dtype=torch.float64)

    def step(self, gradients: Sequence[Tensor], lr: float) -> None:
        """One step of the first models, as many as there are gradients of."""
        active, r = len(gradients[0]), self.recipe
        self.steps[:active] += 1
        counts = self.steps[:active, None, None].to(gradients[0].device)
        for weight, g, m, v in zip(self.weights, gradients, self.first, self.second, strict=True):
            w, m, v = weight[:active], m[:active], v[:active]
            if r.optimizer == "sgd":
                g = g.add(w, alpha=r.weight_decay) if r.weight_decay else g
                w.sub_(m.mul_(r.momentum).add_(g), alpha=lr)
                continue
            w.mul_(1 - lr * r.weight_decay)
            m.lerp_(g, 1 - BETAS[0])
            v.mul_(BETAS[1]).addcmul_(g, g, value=1 - BETAS[1])
            size = (lr / (1 - BETAS[0] ** counts)).to(w.dtype)
            w.sub_(m / (v.sqrt() / (1 - BETAS[1] ** counts).sqrt().to(w.dtype) + EPS) * size)


def clipped(gradients: Sequence[Tensor], most: float) -> list[Tensor]:
    """Gradients (K, ...) with the norm of each model's bounded, as torch.nn.utils.clip_grad_norm_ does."""
    norm = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
    factor = (most / (norm + 1e-6)).clamp(max=1.0)[:, None, None]
    return [g * factor for g in gradients]


def fit_stack(task: Task, rows: Sequence[np.ndarray], seeds: Sequence[int]) -> list[nn.Module]:
    """One trained network for each set of training rows and its seed; the learning rate must have been settled.

    The whole training set is held as float32 beside them. Errors: UsageError for what cannot be stacked;
    TrainingFailed, with epoch and batch, when a loss is no number any more.
    """
    stackable(task)
    recipe, size = task.recipe, task.recipe.batch
    place = sorted(range(len(rows)), key=lambda k: -len(cuts(len(rows[k]), size)))  # those with a batch more first
    states = [begin(task, rows[k], seeds[k]) for k in place]
    stack, device = Stack.of([s.network for s in states]), states[0].device
    inputs, targets = (t.to(device) for t in task.tensors(task.train, np.arange(len(task.train))))
    ends = [cuts(len(s.rows), size) for s in states]
    order = torch.zeros(len(states), max(end[-1] for end in ends), dtype=torch.int64)
    optimizer = Optimizer(recipe, stack.weights)
    for epoch in range(recipe.epochs):
        for k, state in enumerate(states):
            own = torch.Generator().manual_seed(spawn(state.seed, "batches", epoch))
            order[k, : len(state.rows)] = torch.from_numpy(state.rows)[torch.randperm(len(state.rows), generator=own)]
        for number in range(len(ends[0]) - 1):
            counts = torch.tensor([end[number + 1] - end[number] for end in ends if len(end) > number + 1])
            begun = ends[0][number]
            chosen = order[: len(counts), begun : begun + int(counts.max())].to(device)
            weights = [w[: len(counts)].detach().requires_grad_() for w in stack.weights]
            losses = losses_of(task, stack, weights, inputs[chosen], targets[chosen], counts.to(device))
            if not losses.isfinite().all():
                raise TrainingFailed(
                    f"The loss of a stacked model became no number in epoch {epoch + 1}, batch {number + 1}.",
                    "The steps are too large for this network and data.",
                    f"lower the learning rate ({recipe.lr:g} now)",
                )
            gradients: Sequence[Tensor] = torch.autograd.grad(losses.sum(), weights)
            with torch.no_grad():
                if recipe.clip:
                    gradients = clipped(gradients, recipe.clip)
                optimizer.step(gradients, (recipe.lr or 0.0) * recipe.rate(epoch))
    for k, state in enumerate(states):
        stack.into(state.network, k)
    return [states[place.index(k)].network for k in range(len(rows))]


def losses_of(
    task: Task, stack: Stack, weights: list[Tensor], inputs: Tensor, targets: Tensor, counts: Tensor
) -> Float[Tensor, "models"]:
    """The mean loss of each model over the first of its `counts` examples; the rest only fills the batch."""
    logits = stack.outputs(weights, inputs)
    losses = task.loss(logits.flatten(0, 1), targets.flatten()).view(targets.shape)
    if bool((counts == losses.shape[1]).all()):
        return losses.mean(1)
    return (
        torch.where(torch.arange(losses.shape[1], device=losses.device) < counts[:, None], losses, 0.0).sum(1) / counts
    )


def cuts(n: int, size: int) -> list[int]:
    """Where the batches of n rows begin, and n: as in `Task.batches`."""
    found = [*range(0, n, size), n]
    if len(found) > 2 and n - found[-2] == 1:
        del found[-2]
    return found


def stackable(task: Task) -> None:
    """UsageError for what a stack does not do: methods, augmentation, networks of other layers."""
    if task.recipe.methods:
        raise UsageError("Methods act on one network at a time; a stack has many.", do=ONE_BY_ONE)
    if task.augment:
        raise UsageError("A stack reads its examples as they are, without augmentation.", do=ONE_BY_ONE)
    with torch.random.fork_rng(devices=[]):
        network = task.build()
    linear_layers(network)
    if len(task.input_shape) > 1 and type(flat_layers(network)[0]) is not nn.Flatten:
        raise UsageError("A stack reads vectors.", f"The inputs have shape {task.input_shape}.", "begin with Flatten")
