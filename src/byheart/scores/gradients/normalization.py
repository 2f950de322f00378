"""Normalizations: scale and shift see the normalized input, which is computed again without them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from byheart.scores.gradients.kernel import Kernel, Rows, total


def normalized(module: nn.Module, a: Tensor) -> Tensor:
    """The input before scale and shift."""
    if isinstance(module, nn.LayerNorm):
        return F.layer_norm(a, module.normalized_shape, eps=module.eps)
    if isinstance(module, nn.RMSNorm):
        return F.rms_norm(a, module.normalized_shape, eps=module.eps)
    if isinstance(module, nn.GroupNorm):
        return F.group_norm(a, module.num_groups, eps=module.eps)
    assert isinstance(module, nn.modules.batchnorm._BatchNorm)
    return F.batch_norm(a, module.running_mean, module.running_var, eps=module.eps)


def last(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """Gradients (n, *normalized_shape): summed over the positions before the normalized dimensions."""
    shape = module.normalized_shape
    assert isinstance(shape, tuple)
    before = tuple(range(1, d.dim() - len(shape)))
    return _named(module, normalized(module, a).mul_(d), d, before)


def channels(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """Gradients (n, channels): summed over the positions behind the channels."""
    return _named(module, normalized(module, a).mul_(d), d, tuple(range(2, d.dim())))


def _named(module: nn.Module, scale: Tensor, shift: Tensor, over: tuple[int, ...]) -> Rows:
    sums = {"weight": scale, "bias": shift}
    return {name: v.sum(over) if over else v for name, v in sums.items() if getattr(module, name, None) is not None}


def squared(module: nn.Module, a: Tensor, d: Tensor) -> Rows:
    """||gradient||^2 of scale and shift; they are small enough to be formed."""
    rows = last if isinstance(module, nn.LayerNorm | nn.RMSNorm) else channels
    return {name: total(g) for name, g in rows(module, a, d).items()}


LAYER = Kernel(squared, last)
CHANNEL = Kernel(squared, channels)
