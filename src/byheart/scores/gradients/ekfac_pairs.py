"""Influence of training examples on others by EK-FAC, g_i^T (F + damping)^-1 g_j, and the largest, without the matrix.

The other example's gradient is preconditioned once: P_j = Q_s (Q_s^T G_j Q_a / (lambda + damping)) Q_a^T. What is left
is a dot product with each training example's gradient, d_i^T P_j a_i where that is of rank one (Grosse et al. 2023,
section 3).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.scores.gradients.eigenbasis import Basis, Gradient, gradient_of
from byheart.scores.gradients.ekfac import Ekfac
from byheart.scores.gradients.passes import Loss, batches, formed, seen
from byheart.scores.gradients.top import Top, check_top, joined, top_of

BLOCK = 2**27  # numbers: preconditioned gradients of one block of test examples
CELLS = 2**24  # numbers in memory between two products


def ekfac_dots(
    network: nn.Module, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], loss_of: Loss, fitted: Ekfac,
    batch: int = 256,
) -> Float[Tensor, "n m"]:  # fmt: skip
    """g_i^T (F + damping)^-1 g_j (n, m) of every training example with every test example: for few examples.

    Positive: a step on training example i lowers the loss of test example j.
    """
    parts_of = [
        torch.cat(list(values_of(network, queries, train, loss_of, fitted, batch)), 1)
        for queries in query_blocks(network, test, loss_of, fitted, batch)
    ]
    return torch.cat(parts_of).mT


def top_ekfac(
    network: nn.Module, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], loss_of: Loss, fitted: Ekfac,
    top: int = 10, batch: int = 256,
) -> Top:  # fmt: skip
    """The `top` training examples that most help, and most hurt, each test example, by EK-FAC influence.

    Training examples come by in batches, once for each block of test examples; neither the matrix nor the gradients of
    all examples are in memory. Errors: UsageError when there are fewer training examples than `top`.
    """
    check_top(top, len(train[0]))
    found = (
        top_of(values_of(network, queries, train, loss_of, fitted, batch), top)
        for queries in query_blocks(network, test, loss_of, fitted, batch)
    )
    return joined(found, fitted.slow)


def values_of(
    network: nn.Module,
    queries: dict[str, Tensor],
    train: tuple[Tensor, Tensor],
    loss_of: Loss,
    fitted: Ekfac,
    batch: int,
) -> Iterator[Float[Tensor, "m n"]]:  # fmt: skip
    """Influence of one batch of training examples after the other."""
    for x, y in batches(*train, batch):
        given = gradients_of(network, x, y, loss_of, fitted)
        shared = sorted(queries.keys() & given.keys())  # in one order: sums are rounded alike in every run
        yield torch.stack([product(queries[name], given[name]) for name in shared]).sum(0)


def query_blocks(
    network: nn.Module, test: tuple[Tensor, Tensor], loss_of: Loss, fitted: Ekfac, batch: int
) -> Iterator[dict[str, Tensor]]:
    """Preconditioned gradients, by layer and by other parameter, of as many test examples as a block may hold."""
    size = max(1, BLOCK // sum(p.numel() for p in network.parameters()))
    for x, y in batches(*test, size):
        found: dict[str, list[Tensor]] = {}
        for a, b in batches(x, y, batch):
            for name, g in gradients_of(network, a, b, loss_of, fitted).items():
                found.setdefault(name, []).append(preconditioned(g, fitted.weights(name), fitted.bases.get(name)))
        yield {name: torch.cat(rows) for name, rows in found.items()}


def gradients_of(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, fitted: Ekfac
) -> dict[str, Gradient]:
    """Gradients of one batch: of layers with a basis as matrices, factored where that is possible; of the rest as they
    are.
    """
    uses = seen(network, inputs, targets, loss_of)
    found: dict[str, Gradient] = {
        name: gradient_of(network.get_submodule(name), uses[name]) for name in fitted.bases if name in uses
    }
    return found | formed(network, uses, inputs, targets, loss_of, fitted.slow, frozenset(fitted.bases))


def preconditioned(gradient: Gradient, weights: Tensor, basis: Basis | None) -> Tensor:
    """(F + damping)^-1 g (n, ...) in the parameters' own coordinates."""
    if basis is None:
        assert isinstance(gradient, Tensor)
        return gradient * weights
    if isinstance(gradient, Tensor):
        rotated = basis.outputs.mT @ (gradient @ basis.inputs)
    else:
        d, a = gradient
        rotated = (d @ basis.outputs)[:, :, None] * (a @ basis.inputs)[:, None]
    return basis.outputs @ (rotated * weights) @ basis.inputs.mT


def product(query: Tensor, gradient: Gradient) -> Float[Tensor, "m n"]:
    """Dot products of preconditioned gradients (m, ...) with gradients of n examples."""
    if isinstance(gradient, Tensor):
        return query.flatten(1) @ gradient.flatten(1).mT
    d, a = gradient
    m, out, width = query.shape
    if m < out:  # m * width numbers an example instead of out * width
        by_output = query.transpose(0, 1).reshape(out, m * width)
        rows = max(1, CELLS // (m * width))
        return torch.cat([
            ((e @ by_output).view(-1, m, width) @ b[:, :, None])[:, :, 0]
            for e, b in zip(d.split(rows), a.split(rows), strict=True)
        ]).mT  # fmt: skip
    rows = max(1, CELLS // (out * width))
    return torch.cat([
        query.flatten(1) @ (e[:, :, None] * b[:, None]).flatten(1).mT
        for e, b in zip(d.split(rows), a.split(rows), strict=True)
    ], 1)  # fmt: skip
