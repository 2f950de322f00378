"""EK-FAC: the inverse Fisher matrix in a Kronecker eigenbasis, its eigenvalues measured there (George et al. 2018).

For a layer with gradient matrices G_i (out, in + 1): Q_s and Q_a are the eigenvectors of the mean d d^T and a a^T over
positions, g_i = Q_s^T G_i Q_a, lambda = mean_i g_i^2, and an example's self-influence is sum g_i^2 / (lambda + damping)
(Grosse et al. 2023, section 3). Parameters that are no matrix (normalizations, embeddings, tied and recurrent weights)
have a diagonal Fisher matrix in place of it, so that every parameter is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.scores.gradients.eigenbasis import Basis, Dense, Factored, Squares, covariances, squares
from byheart.scores.gradients.matrices import is_matrix, rank_one
from byheart.scores.gradients.norms import unreadable
from byheart.scores.gradients.passes import Loss, alone, batches, formed, gathered, seen

KEPT = 2**24  # numbers: inputs and output gradients of rank-one layers are kept up to so many, and two passes are saved
BLOCK = 2**10  # rows at a time
SHARE = 0.1  # the default damping, as a share of the mean eigenvalue (Grosse et al. 2023)


@dataclass(frozen=True, eq=False)
class Ekfac:
    """A fitted EK-FAC approximation: eigenbases by layer; eigenvalues and damping by layer, or by parameter where the
    Fisher matrix is diagonal; `slow` names the parameters that were read one example at a time.
    """

    bases: dict[str, Basis]
    eigenvalues: dict[str, Tensor]
    damping: dict[str, float]
    slow: dict[str, str]

    def weights(self, name: str) -> Tensor:
        """1 / (lambda + damping)."""
        return 1 / (self.eigenvalues[name] + self.damping[name])


def fit(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, *, damping: float | None = None,
    batch: int = 64,
) -> Ekfac:  # fmt: skip
    """Fit to the empirical Fisher matrix of these examples: gradients at the targets that are given.

    For the true Fisher matrix of a classifier give targets drawn from its own predictions (`drawn`). `damping` is added
    to every eigenvalue; without it, a tenth of the mean eigenvalue of each layer. Eval mode is the caller's. Errors:
    UsageError for a negative damping.
    """
    return fitted_with_squares(network, inputs, targets, loss_of, damping, batch)[0]


def fit_self_influence(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, *, damping: float | None = None,
    batch: int = 64,
) -> tuple[Float[Tensor, "n"], Ekfac]:  # fmt: skip
    """Self-influence (n,) of the examples that EK-FAC is fitted to: what is known of rank-one layers is used again."""
    fitted, kept = fitted_with_squares(network, inputs, targets, loss_of, damping, batch)
    found = sum((s.weighted(fitted.weights(name)) for name, s in kept.items()), inputs.new_zeros(len(inputs)).double())
    if kept.keys() == fitted.eigenvalues.keys():
        return found.to(next(iter(fitted.eigenvalues.values())).dtype), fitted
    rest = (
        summed(in_basis(network, x, y, loss_of, fitted.bases, fitted.slow, frozenset(kept)), fitted)
        for x, y in batches(inputs, targets, batch)
    )
    others = gathered(len(inputs), rest)
    return (found + others).to(others.dtype), fitted


def self_influence(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, fitted: Ekfac, batch: int = 64
) -> Float[Tensor, "n"]:
    """g_i^T (F + damping)^-1 g_i (n,), at least 0: how far a step along its own gradient lowers an example's loss."""
    parts = (
        summed(in_basis(network, x, y, loss_of, fitted.bases, fitted.slow), fitted)
        for x, y in batches(inputs, targets, batch)
    )
    return gathered(len(inputs), parts)


def drawn(logits: Float[Tensor, "n k"], generator: torch.Generator) -> Tensor:
    """Targets (n,) drawn from the network's own predictions: with them the Fisher matrix is the true one."""
    return torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]


def summed(found: dict[str, Squares], fitted: Ekfac) -> Float[Tensor, "n"]:
    """The weighted squares of every layer and parameter, added up."""
    return torch.stack([s.weighted(fitted.weights(name)) for name, s in found.items()]).sum(0)


def in_basis(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, bases: dict[str, Basis], slow: dict[str, str],
    without: frozenset[str] = frozenset(),
) -> dict[str, Squares]:  # fmt: skip
    """Squared gradients of one batch: of layers with a basis in it, of other parameters as they are."""
    uses = seen(network, inputs, targets, loss_of)
    found: dict[str, Squares] = {
        layer: squares(network.get_submodule(layer), uses[layer], basis)
        for layer, basis in bases.items()
        if layer in uses and layer not in without
    }
    rest = formed(network, uses, inputs, targets, loss_of, slow, frozenset(bases))
    return found | {name: Dense(g.square()) for name, g in rest.items()}


def fitted_with_squares(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, damping: float | None, batch: int
) -> tuple[Ekfac, dict[str, Squares]]:
    """The fit, and the squared gradients in its basis of the layers that were kept."""
    if damping is not None and damping < 0:
        raise UsageError(f"damping={damping} makes no inverse.", do="give a positive number, or none: it is chosen")
    slow = unreadable(network, inputs, targets, loss_of)
    chosen = {name: module for name, module in alone(network, slow).items() if is_matrix(module)}
    sums, kept = first_pass(network, inputs, targets, loss_of, chosen, batch)
    bases = {name: Basis(*(torch.linalg.eigh(c).eigenvectors for c in pair)) for name, pair in sums.items()}
    known: dict[str, Squares] = {
        name: Factored(squared(d, bases[name].outputs), squared(a, bases[name].inputs)) for name, (a, d) in kept.items()
    }
    totals = {name: s.sum() for name, s in known.items()}
    read = {n for layer in known for n, _ in network.get_submodule(layer).named_parameters(prefix=layer)}
    if any(p.requires_grad and name not in read for name, p in network.named_parameters()):
        for x, y in batches(inputs, targets, batch):
            for name, s in in_basis(network, x, y, loss_of, bases, slow, frozenset(known)).items():
                totals[name] = totals[name] + s.sum() if name in totals else s.sum()
    means = {name: t / len(inputs) for name, t in totals.items()}
    added = {name: SHARE * float(m.mean()) if damping is None else damping for name, m in means.items()}
    return Ekfac(bases, means, added, slow), known


def first_pass(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, chosen: dict[str, nn.Module], batch: int
) -> tuple[dict[str, tuple[Tensor, Tensor]], dict[str, tuple[Tensor, Tensor]]]:
    """Covariances by layer; and, of layers with one position used once, inputs (n, in + 1) and output gradients (n,
    out) as far as they are kept.
    """
    sums: dict[str, tuple[Tensor, Tensor]] = {}
    kept: dict[str, tuple[Tensor, Tensor]] = {}
    left, start = KEPT, 0
    for x, y in batches(inputs, targets, batch):
        uses, end = seen(network, x, y, loss_of), start + len(x)
        for name in chosen.keys() & uses.keys():
            factors = rank_one(chosen[name], uses[name]) if start == 0 or name in kept else None
            if factors and start == 0 and (wanted := len(inputs) * sum(v.shape[1] for v in factors)) <= left:
                left -= wanted
                a, d = (v.new_empty(len(inputs), v.shape[1]) for v in factors)
                kept[name] = a, d
            if name in kept:
                assert factors is not None
                for whole, part in zip(kept[name], factors, strict=True):
                    whole[start:end] = part
            else:
                c = covariances(chosen[name], uses[name])
                old = sums.get(name)
                sums[name] = c if old is None else (old[0] + c[0], old[1] + c[1])
        start = end
    return sums | {name: (a.mT @ a, d.mT @ d) for name, (a, d) in kept.items()}, kept


def squared(rows: Float[Tensor, "n w"], basis: Float[Tensor, "w w"]) -> Float[Tensor, "n w"]:
    """The squares of rows in a basis, in their place: a second copy of all of them would be the peak of memory."""
    for part in rows.split(BLOCK):
        part.copy_((part @ basis).square_())
    return rows
