"""A layer's weight and bias as one matrix (out, in + 1), and the inputs and output gradients it is learned from."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.scores.gradients.convolution import padded
from byheart.scores.gradients.linear import positions


def is_matrix(module: nn.Module) -> bool:
    """Whether the layer's gradient is one product of output gradients and inputs: linear, or ungrouped convolution."""
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        return type(module) in (nn.Conv1d, nn.Conv2d) and module.groups == 1
    return type(module) is nn.Linear or type(module).__name__ == "Conv1D"


def parts(module: nn.Module, a: Tensor, d: Tensor) -> tuple[Float[Tensor, "n t i"], Float[Tensor, "n t o"]]:
    """Inputs (n, t, in + 1), of a convolution its patches, and output gradients (n, t, out)."""
    if isinstance(module, nn.Conv2d):
        x, padding = padded(module, a)
        a = F.unfold(x, module.weight.shape[2:], module.dilation, padding, module.stride).mT
        d = d.flatten(2).mT
    elif isinstance(module, nn.Conv1d):
        x, padding = padded(module, a)
        sizes = [(1, v[0]) for v in (module.weight.shape[2:], module.dilation, module.stride)]
        a = F.unfold(x[:, :, None], sizes[0], sizes[1], (0, padding[0]), sizes[2]).mT
        d = d.mT
    else:
        a, d = positions(a), positions(d)
    if getattr(module, "bias", None) is not None:
        a = torch.cat([a, a.new_ones(*a.shape[:2], 1)], 2)
    return a, d


def rank_one(module: nn.Module, uses: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor] | None:
    """Inputs (n, in + 1) and output gradients (n, out) of a layer that is used once, at one position."""
    a, d = uses[0]
    width = d.shape[1] if isinstance(module, nn.Conv1d | nn.Conv2d) else d.shape[-1]
    if len(uses) > 1 or d[0].numel() > width:
        return None
    a, d = parts(module, a, d)
    return a[:, 0], d[:, 0]


def matrix(module: nn.Module, formed: dict[str, Tensor]) -> Float[Tensor, "n o i"]:
    """Gradients of weight and bias, as the layer's kernel forms them, as one matrix (n, out, in + 1)."""
    weight = formed["weight"]
    weight = weight.mT if type(module).__name__ == "Conv1D" else weight.flatten(2)
    return torch.cat([weight, formed["bias"][..., None]], 2) if "bias" in formed else weight
