"""Influence of training examples on others: dot products of gradients, and the largest of them, without the matrix.

<g_i, g_j> of a layer with one position is (a_i . a_j + 1)(d_i . d_j): inputs and output gradients are enough (Pruthi et
al. 2020, TracIn; Charpiat et al. 2019). Other parameters keep explicit gradients, in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.scores.gradients.matrices import is_matrix, parts
from byheart.scores.gradients.norms import PROBE, unreadable
from byheart.scores.gradients.passes import Loss, alone, batches, formed, seen

BLOCK = 2**27  # numbers: what is kept of one block of examples


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


@dataclass(frozen=True, eq=False)
class Top:
    """For each of m examples the k training examples whose gradients agree most with its own, and least.

    `helpful`, `harmful` (m, k): row numbers; `helpful_values` descending, `harmful_values` ascending.
    """

    helpful: Int[Tensor, "m k"]
    helpful_values: Float[Tensor, "m k"]
    harmful: Int[Tensor, "m k"]
    harmful_values: Float[Tensor, "m k"]


def kept(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, slow: dict[str, str], batch: int
) -> Gradients:
    """The gradients of some examples, factored where they can be."""
    chosen = {name: module for name, module in alone(network, slow).items() if is_matrix(module)}
    factored: dict[str, list[tuple[Tensor, Tensor]]] = {}
    explicit: list[Tensor] = []
    for x, y in batches(inputs, targets, batch):
        uses, ranked = seen(network, x, y, loss_of), set()
        for name in chosen.keys() & uses.keys():
            if len(uses[name]) == 1 and uses[name][0][1].numel() == len(x) * uses[name][0][1].shape[-1]:
                a, d = parts(chosen[name], *uses[name][0])
                if a.shape[1] == 1:
                    factored.setdefault(name, []).append((a[:, 0], d[:, 0]))
                    ranked.add(name)
        rest = formed(network, uses, x, y, loss_of, slow, frozenset(ranked))
        rows = [rest[name].flatten(1) for name in sorted(rest)]
        explicit.append(torch.cat(rows, 1) if rows else x.new_zeros((len(x), 0), dtype=dtype_of(network)))
    pairs = {name: (torch.cat([a for a, _ in p]), torch.cat([d for _, d in p])) for name, p in factored.items()}
    return Gradients(pairs, torch.cat(explicit))


def dots(
    network: nn.Module, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], loss_of: Loss, batch: int = 256
) -> Float[Tensor, "n m"]:
    """<g_i, g_j> (n, m) of every training example with every test example, whole: for few examples."""
    slow = unreadable(network, train[0][:PROBE], train[1][:PROBE], loss_of)
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
    if not 1 <= top <= len(train[0]):
        raise UsageError(f"top={top} of {len(train[0])} training examples.", do="ask for at least 1, at most all")
    slow = unreadable(network, train[0][:PROBE], train[1][:PROBE], loss_of)
    size = rows_of_block(network, train, loss_of, slow)
    found = []
    for x, y in batches(*test, size):
        queries = kept(network, x, y, loss_of, slow, batch)
        best: list[tuple[Tensor, Tensor]] = [(torch.empty(len(x), 0), torch.empty(len(x), 0, dtype=torch.long))] * 2
        for begin, block in blocks(network, train, loss_of, slow, size, batch):
            values = queries.dot(block)
            best = [merged(old, values, begin, top, largest) for old, largest in zip(best, (True, False), strict=True)]
        found.append((best[0][1], best[0][0], best[1][1], best[1][0]))
    return Top(*(torch.cat(column) for column in zip(*found, strict=True)))


def merged(
    old: tuple[Tensor, Tensor], values: Float[Tensor, "m n"], begin: int, top: int, largest: bool
) -> tuple[Tensor, Tensor]:
    """The best of those known and of a block that begins at row `begin`."""
    new, rows = values.topk(min(top, values.shape[1]), largest=largest)
    both, where = torch.cat([old[0].to(new), new], 1), torch.cat([old[1], rows + begin], 1)
    chosen, order = both.topk(min(top, both.shape[1]), largest=largest)
    return chosen, where.gather(1, order)


def blocks(
    network: nn.Module, train: tuple[Tensor, Tensor], loss_of: Loss, slow: dict[str, str], size: int, batch: int
) -> Iterator[tuple[int, Gradients]]:
    """First row and gradients of each block of training examples."""
    for k, (x, y) in enumerate(batches(*train, size)):
        yield k * size, kept(network, x, y, loss_of, slow, batch)


def rows_of_block(network: nn.Module, train: tuple[Tensor, Tensor], loss_of: Loss, slow: dict[str, str]) -> int:
    """How many examples' gradients a block may hold."""
    one = kept(network, train[0][:1], train[1][:1], loss_of, slow, 1)
    width = one.explicit.shape[1] + sum(a.shape[1] + d.shape[1] for a, d in one.factored.values())
    return max(1, BLOCK // max(width, 1))


def dtype_of(network: nn.Module) -> torch.dtype:
    """The type of the network's numbers."""
    return next(network.parameters()).dtype
