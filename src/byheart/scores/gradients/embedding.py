"""Embeddings: an example's gradient has one row for each token in it; tokens that occur twice add up."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byheart.scores.gradients.kernel import Kernel, Rows, total


def spread(module: nn.Module, tokens: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens (n, t) and their output gradients (n, t, width); a padding token has none."""
    assert isinstance(module, nn.Embedding)
    tokens, d = tokens.reshape(len(tokens), -1), d.reshape(len(d), -1, d.shape[-1])
    tokens = tokens.expand(len(d), -1)  # positions, which are the same for all examples
    if module.padding_idx is not None:
        d = d * (tokens != module.padding_idx)[..., None]
    return tokens, d


def squares(module: nn.Module, tokens: Tensor, d: Tensor) -> Rows:
    """||gradient||^2 of the table: the sum of <d_s, d_t> over positions with the same token."""
    tokens, d = spread(module, tokens, d)
    if tokens.shape[1] > len(module.weight):  # type: ignore[arg-type]
        return {"weight": total(gradients(module, tokens, d)["weight"])}
    same = tokens[:, :, None] == tokens[:, None, :]
    return {"weight": ((d @ d.mT) * same).sum((1, 2))}


def gradients(module: nn.Module, tokens: Tensor, d: Tensor) -> Rows:
    """Gradients of the table (n, tokens, width)."""
    tokens, d = spread(module, tokens, d)
    n, size, width = len(d), len(module.weight), d.shape[-1]  # type: ignore[arg-type]
    rows = (tokens + size * torch.arange(n, device=d.device)[:, None]).flatten()
    table = d.new_zeros(n * size, width).index_add_(0, rows, d.reshape(-1, width))
    return {"weight": table.view(n, size, width)}


def kind_is_plain(module: nn.Module) -> bool:
    """Whether the gradient is the plain one: neither rescaled by frequency nor renormalized."""
    return isinstance(module, nn.Embedding) and not module.scale_grad_by_freq and module.max_norm is None


EMBEDDING = Kernel(squares, gradients)
