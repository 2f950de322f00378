"""Convolutions: an example's weight gradient by a grouped convolution, or its norm by Gram matrices of patches."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.scores.gradients.kernel import Kernel, Rows, total_in_place

CHUNK = 32  # rows a call: the grouped convolution stays in cache


def padded(module: nn.Module, a: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """The input as the convolution sees it, and the padding that is left to do."""
    assert isinstance(module, nn.Conv1d | nn.Conv2d)
    if module.padding_mode == "zeros" and not isinstance(module.padding, str):
        return a, tuple(module.padding)
    sides = module._reversed_padding_repeated_twice
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    return F.pad(a, sides, mode=mode), (0,) * (a.dim() - 2)


def weight_gradients(module: nn.Module, a: Tensor, d: Tensor) -> Float[Tensor, "n ..."]:
    """Weight gradients (n, out, in / groups, *kernel): the rows become groups of one backward call."""
    assert isinstance(module, nn.Conv1d | nn.Conv2d)
    a, padding = padded(module, a)
    parts = []
    for x, g in zip(a.split(CHUNK), d.split(CHUNK), strict=True):
        rows, (c, o) = len(x), (module.in_channels, module.out_channels)
        shape = (rows * o, *module.weight.shape[1:])
        _, made, _ = torch.ops.aten.convolution_backward(
            g.reshape(1, rows * o, *g.shape[2:]), x.reshape(1, rows * c, *x.shape[2:]), x.new_empty(1).expand(shape),
            None, module.stride, padding, module.dilation, False, [0] * len(padding), rows * module.groups,
            [False, True, False],
        )  # fmt: skip
        parts.append(made.view(rows, *module.weight.shape))
    return torch.cat(parts)


def gram_square(module: nn.Module, a: Tensor, d: Tensor) -> Float[Tensor, "n"]:
    """||weight gradient||^2 (n,) from the Gram matrices of patches and output gradients over positions."""
    assert isinstance(module, nn.Conv2d)
    a, padding = padded(module, a)
    patches = F.unfold(a, module.weight.shape[2:], module.dilation, padding, module.stride)
    g = d.flatten(2)
    return ((patches.mT @ patches) * (g.mT @ g)).sum((1, 2))


def prefers_gram(module: nn.Module, d: Tensor) -> bool:
    """Few positions and many channels: where the gradient itself would be the larger thing to form."""
    if not isinstance(module, nn.Conv2d) or module.groups != 1:
        return False
    t, width = d[0, 0].numel(), module.weight[0].numel()
    return t * (width + module.out_channels) < 0.25 * width * module.out_channels


def squares(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """||gradient||^2 of weight and bias."""
    if prefers_gram(module, d):
        found = {"weight": gram_square(module, a, d)}
    else:
        parts = [
            total_in_place(weight_gradients(module, x, g)) for x, g in zip(a.split(CHUNK), d.split(CHUNK), strict=True)
        ]
        found = {"weight": torch.cat(parts)}
    if module.bias is not None:
        found["bias"] = total_in_place(d.flatten(2).sum(2))
    return found


def gradients(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """Gradients of weight and bias (n, ...)."""
    found = {"weight": weight_gradients(module, a, d)}
    if module.bias is not None:
        found["bias"] = d.flatten(2).sum(2)
    return found


CONVOLUTION = Kernel(squares, gradients)
