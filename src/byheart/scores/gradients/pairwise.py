"""Influence of training examples on others: dot products of gradients, and the largest of them, without the matrix.

<g_i, g_j> of a layer with one position is (a_i . a_j + 1)(d_i . d_j): inputs and output gradients are enough (Pruthi et
al. 2020, TracIn; Charpiat et al. 2019). Other parameters keep explicit gradients, in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.scores.gradients.matrices import is_matrix, rank_one
from byheart.scores.gradients.norms import unreadable
from byheart.scores.gradients.passes import Loss, alone, batches, formed, seen
from byheart.scores.gradients.top import Top, check_top, joined, top_of

# Numbers that are kept of one block of examples: many of test examples, since all training examples come by once for
# each; few of training examples, which only have to fill a matrix product.
TEST_BLOCK, TRAIN_BLOCK = 2**27, 2**24
CELLS = 2**25  # dot products in memory at a time, and as many again of two layers' factors


@dataclass(frozen=True, eq=False)
class Gradients:
    """What is kept of some examples' gradients: layer -> inputs (n, in + 1) and output gradients (n, out), where they
    are of rank one; `explicit` (n, numbers) the rest.
    """

    factored: dict[str, tuple[Tensor, Tensor]]
    explicit: Tensor

    def dot(self, others: Gradients) -> Float[Tensor, "n m"]:
        """Dot products of whole gradients."""
        found = self.explicit @ others.explicit.mT
        for name, (a, d) in self.factored.items():
            b, e = others.factored[name]
            found.addcmul_(a @ b.mT, d @ e.mT)
        return found


def kept(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, slow: dict[str, str], batch: int
) -> Gradients:
    """The gradients of some examples, factored where they can be."""
    chosen = {name: module for name, module in alone(network, slow).items() if is_matrix(module)}
    factored: dict[str, tuple[Tensor, Tensor]] = {}
    explicit, start = torch.empty(0), 0
    for x, y in batches(inputs, targets, batch):
        uses, end = seen(network, x, y, loss_of), start + len(x)
        found = {name: rank_one(chosen[name], uses[name]) for name in chosen.keys() & uses.keys()}
        factors = {name: pair for name, pair in found.items() if pair}
        rest = formed(network, uses, x, y, loss_of, slow, frozenset(factors))
        if not start:  # room for all: parts that are joined at the end would be there twice
            factored = {name: (room(a, len(inputs)), room(d, len(inputs))) for name, (a, d) in factors.items()}
            width = sum(g[0].numel() for g in rest.values())
            explicit = torch.empty(len(inputs), width, dtype=dtype_of(network), device=x.device)
        for name, pair in factors.items():
            for whole, part in zip(factored[name], pair, strict=True):
                whole[start:end] = part
        if rest:
            torch.cat([rest[name].flatten(1) for name in sorted(rest)], 1, out=explicit[start:end])
        start = end
    return Gradients(factored, explicit)


def room(part: Tensor, n: int) -> Tensor:
    """An empty tensor of n rows like those of a part."""
    return part.new_empty(n, *part.shape[1:])


def dots(
    network: nn.Module, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], loss_of: Loss, batch: int = 256
) -> Float[Tensor, "n m"]:
    """<g_i, g_j> (n, m) of every training example with every test example, whole: for few examples."""
    slow = unreadable(network, *train, loss_of)
    return kept(network, *train, loss_of, slow, batch).dot(kept(network, *test, loss_of, slow, batch))


def top_influence(
    network: nn.Module, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], loss_of: Loss, top: int = 10,
    batch: int = 256,
) -> Top:  # fmt: skip
    """The `top` training examples that most help, and most hurt, each test example, by the dot product of gradients.

    A step along a helpful example's gradient lowers the test example's loss. Neither the matrix nor all gradients are
    in memory: training examples come by in blocks, once for each block of test examples. Errors: UsageError when there
    are fewer training examples than `top`.
    """
    check_top(top, len(train[0]))
    slow = unreadable(network, *train, loss_of)
    width = width_of(network, train, loss_of, slow)
    rows = min(len(test[0]), max(1, TEST_BLOCK // width))
    size = max(batch, min(TRAIN_BLOCK // width, CELLS // rows))
    found = []
    for x, y in batches(*test, rows):
        queries = kept(network, x, y, loss_of, slow, batch)
        found.append(top_of((queries.dot(block) for block in blocks(network, train, loss_of, slow, size, batch)), top))
    return joined(found, slow)


def blocks(
    network: nn.Module, train: tuple[Tensor, Tensor], loss_of: Loss, slow: dict[str, str], size: int, batch: int
) -> Iterator[Gradients]:
    """The gradients of each block of training examples."""
    for x, y in batches(*train, size):
        yield kept(network, x, y, loss_of, slow, batch)


def width_of(network: nn.Module, train: tuple[Tensor, Tensor], loss_of: Loss, slow: dict[str, str]) -> int:
    """How many numbers are kept of one example's gradient."""
    one = kept(network, train[0][:1], train[1][:1], loss_of, slow, 1)
    return max(1, one.explicit.shape[1] + sum(a.shape[1] + d.shape[1] for a, d in one.factored.values()))


def dtype_of(network: nn.Module) -> torch.dtype:
    """The type of the network's numbers."""
    return next(network.parameters()).dtype
