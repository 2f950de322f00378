"""How steeply an example's loss or output changes with its own input, and the networks of checkpoints to ask."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from byheart.base.errors import NotApplicable

LossOf = Callable[[Tensor, Tensor], Tensor]  # outputs (n, outputs), targets (n,) -> losses (n,)
Checkpoints = Sequence[tuple[float, nn.Module]]
NONE = "the network's outputs have no gradient in its inputs (are they looked up, as words are?)"


def loss_slopes(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"], loss_of: LossOf
) -> Float[Tensor, "n *shape"]:
    """The gradient of each example's loss in its own input; NotApplicable where it has none."""
    return slopes(network, inputs, lambda outputs: loss_of(outputs, targets))


def slopes(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], read: Callable[[Tensor], Tensor]
) -> Float[Tensor, "n *shape"]:
    """The gradient of read(outputs) (n,) in the inputs, each row in its own; NotApplicable where it has none."""
    with torch.enable_grad():
        at = inputs.detach().requires_grad_(True)
        outputs = network(at)
        if not outputs.requires_grad:
            raise NotApplicable(NONE)
        found = torch.autograd.grad(read(outputs).sum(), at, allow_unused=True)[0]
    if found is None:
        raise NotApplicable(NONE)
    return found


def frozen(checkpoints: Checkpoints, like: Tensor) -> Iterator[nn.Module]:
    """The network of each checkpoint, copied, frozen and in the precision of `like`, one at a time."""
    for _, network in checkpoints:
        yield copy.deepcopy(network).requires_grad_(False).to(like.dtype)
