"""The slow and certain way: each example's gradient formed by torch.func, or by a backward pass of its own."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from byheart.scores.gradients.kernel import Rows, total

ROWS = 16  # examples whose gradients are in memory together
FEW = 4  # of so many, vmap itself would cost more than the passes


def gradients(network: nn.Module, names: tuple[str, ...], inputs: Tensor, targets: Tensor, loss_of) -> Rows:
    """Gradients (n, *shape) of the named parameters, example by example."""
    tensors = dict(network.named_parameters()) | dict(network.named_buffers())
    fixed = {name: t.detach() for name, t in tensors.items() if name not in names}
    chosen = {name: tensors[name].detach() for name in names}

    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        outputs = functional_call(network, fixed | parameters, (x[None],), tie_weights=True)
        return loss_of(outputs, y[None])[0]

    if len(inputs) <= FEW:
        return _each(loss, chosen, inputs, targets)
    try:
        with warnings.catch_warnings():  # an operation without a batching rule is slow, which this way is anyhow
            warnings.filterwarnings("ignore", "There is a performance drop")
            return vmap(grad(loss), in_dims=(None, 0, 0))(chosen, inputs, targets)
    except (RuntimeError, ValueError):  # an operation without a batching rule, such as an LSTM's
        return _each(loss, chosen, inputs, targets)


def _each(loss, chosen: Rows, inputs: Tensor, targets: Tensor) -> Rows:
    found = [_alone(loss, chosen, x, y) for x, y in zip(inputs, targets, strict=True)]
    return {name: torch.stack([g[name] for g in found]) for name in chosen}


def _alone(loss, chosen: Rows, x: Tensor, y: Tensor) -> Rows:
    leaves = {name: t.clone().requires_grad_() for name, t in chosen.items()}
    with torch.enable_grad():
        value = loss(leaves, x, y)
        if not value.requires_grad:  # none of them enters it
            return {name: torch.zeros_like(t) for name, t in chosen.items()}
        found = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
    return {name: torch.zeros_like(t) if g is None else g for (name, t), g in zip(leaves.items(), found, strict=True)}


def squares(network: nn.Module, names: tuple[str, ...], inputs: Tensor, targets: Tensor, loss_of) -> Rows:
    """||gradient||^2 (n,) of each of the named parameters."""
    parts = [
        {name: total(g) for name, g in gradients(network, names, x, y, loss_of).items()}
        for x, y in zip(inputs.split(ROWS), targets.split(ROWS), strict=True)
    ]
    return {name: torch.cat([part[name] for part in parts]) for name in names}
