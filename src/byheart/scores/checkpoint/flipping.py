"""How many units hold a prediction: those that must be silenced before it flips (Maini et al. 2023, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from byheart.base.errors import NotApplicable
from byheart.methods.hidden import activations

NOISE = 0.01  # of the inputs' norm
DRAWS = 5  # of noise: one gradient would follow one input's accidents
BESIDE = 256  # examples whose loss is to stay as it is


@dataclass(frozen=True)
class Silenced:
    """The units that were silenced for one example, in order, by the activations that they are channels of, and whether
    the network answered otherwise in the end.
    """

    layers: tuple[str, ...]
    flipped: bool


def units_to_flip(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], targets: Int[Tensor, "n"], rows: Int[np.ndarray, "k"],
    most: int = 40, seed: int = 0,
) -> Float[np.ndarray, "k"]:  # fmt: skip
    """How many units (k,) are silenced, one after the other, until the network answers each of `rows` otherwise.

    inf where `most` were not enough; 0 where the answer was not the target to begin with. Errors: those of `silenced`.
    """
    found = silenced(network, inputs, targets, rows, most, seed)
    return np.array([float(len(one.layers)) if one.flipped else np.inf for one in found])


def silenced(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], targets: Int[Tensor, "n"], rows: Int[np.ndarray, "k"],
    most: int = 40, seed: int = 0,
) -> list[Silenced]:  # fmt: skip
    """The units that are silenced, one after the other, until the network answers each of `rows` otherwise.

    Silenced is the unit for which loss(others) - loss(row) falls most, to first order: the loss of 256 other examples
    is to stay low while that of the row rises. A unit is a channel of the output of an activation. Errors: UsageError
    without activation modules, NotApplicable where none of them runs.
    """
    random = torch.Generator().manual_seed(seed)
    with Masks(network, inputs[:1]) as masks:
        most = min(most, sum(map(len, masks.units)))
        return [flips(network, masks, inputs, targets, int(row), most, random) for row in rows]


def flips(
    network: nn.Module, masks: Masks, inputs: Float[Tensor, "n *shape"], targets: Int[Tensor, "n"], row: int,
    most: int, random: torch.Generator,
) -> Silenced:  # fmt: skip
    """Those of one example; the masks are whole again afterwards."""
    others = torch.randperm(len(inputs), generator=random)[: BESIDE + 1]
    others = others[others != row][:BESIDE]
    batch, wanted = (torch.cat([part[row : row + 1], part[others]]) for part in (inputs, targets))
    layers: list[str] = []
    try:
        while True:
            with torch.no_grad():
                flipped = int(network(inputs[row : row + 1]).argmax(1)) != int(targets[row])
            if flipped or len(layers) == most:
                return Silenced(tuple(layers), flipped)
            layers.append(masks.names[silence(network, masks.units, batch, wanted, random)])
    finally:
        for mask in masks.units:
            mask.data.fill_(1.0)


def silence(
    network: nn.Module,
    masks: Sequence[Tensor],
    batch: Shaped[Tensor, "b *shape"],
    targets: Int[Tensor, "b"],
    random: torch.Generator,
) -> int:
    """Set the mask of one more unit to 0: that with the largest derivative of loss(others) - loss(first); in which."""
    scale = NOISE * batch.flatten(1).norm(dim=1).mean() / batch[0].numel() ** 0.5
    total = [torch.zeros_like(mask) for mask in masks]
    for _ in range(DRAWS):
        noise = torch.randn(batch.shape, generator=random, dtype=batch.dtype) * scale
        losses = cross_entropy(network(batch + noise), targets, reduction="none")
        aim = losses[1:].mean() - losses[0]
        for whole, part in zip(total, torch.autograd.grad(aim, list(masks)), strict=True):
            whole += part
    ranked = [torch.where(mask > 0, whole, -torch.inf) for mask, whole in zip(masks, total, strict=True)]
    layer = max(range(len(masks)), key=lambda k: float(ranked[k].max()))
    masks[layer].data[int(ranked[layer].argmax())] = 0.0
    return layer


class Masks:
    """One number for every channel of every activation's output, by which it is multiplied while the block lasts."""

    def __init__(self, network: nn.Module, example: Float[Tensor, "1 *shape"]) -> None:
        self.network, self.example = network, example
        self.units: list[Tensor] = []
        self.seen: list[nn.Module] = []
        self.names: list[str] = []

    def __enter__(self) -> Masks:
        self.hooks = ExitStack()
        for module in activations(self.network):
            self.hooks.callback(module.register_forward_hook(self.first).remove)
        with torch.no_grad():
            self.network(self.example)  # the first call says how many channels there are
        self.hooks.close()
        if not self.units:
            raise NotApplicable("no activation runs in this network")
        names = {id(module): name for name, module in self.network.named_modules()}
        self.names = [names[id(module)] for module in self.seen]
        waiting = iter(self.units)
        for module in self.seen:
            self.hooks.callback(module.register_forward_hook(masked(next(waiting))).remove)
        return self

    def first(self, module: nn.Module, given: object, output: Tensor) -> None:
        """Remember a module's channels, once for each module."""
        if module not in self.seen:
            self.seen.append(module)
            self.units.append(torch.ones(output.shape[1], dtype=output.dtype, requires_grad=True))

    def __exit__(self, *error: object) -> None:
        self.hooks.close()


def masked(mask: Float[Tensor, "c"]):
    """A forward hook that multiplies each channel of an output by its mask."""

    def hook(module: nn.Module, given: object, output: Tensor) -> Tensor:
        return output * mask.view(1, -1, *(1,) * (output.ndim - 2))

    return hook
