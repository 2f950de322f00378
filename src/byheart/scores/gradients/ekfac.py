"""EK-FAC: the inverse Fisher matrix in a Kronecker eigenbasis, its eigenvalues measured there (George et al. 2018).

For a layer with gradient matrices G_i (out, in + 1): Q_s and Q_a are the eigenvectors of the mean d d^T and a a^T over
positions, g_i = Q_s^T G_i Q_a, lambda = mean_i g_i^2, and an example's self-influence is sum g_i^2 / (lambda + damping)
(Grosse et al. 2023, section 3). Parameters that are no matrix (normalizations, embeddings, tied weights) have a
diagonal Fisher matrix in place of it, so that every parameter is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.scores.gradients.matrices import is_matrix, matrix, parts
from byheart.scores.gradients.norms import PROBE, unreadable
from byheart.scores.gradients.passes import Loss, alone, batches, gradients, seen


@dataclass(frozen=True, eq=False)
class Basis:
    """A layer's eigenvectors (in + 1, in + 1), (out, out) and its measured eigenvalues (out, in + 1)."""

    inputs: Tensor
    outputs: Tensor
    eigenvalues: Tensor

    def rotated(self, g: Float[Tensor, "n o i"]) -> Float[Tensor, "n o i"]:
        """Gradients in the eigenbasis."""
        return self.outputs.mT @ (g @ self.inputs)


@dataclass(frozen=True, eq=False)
class Ekfac:
    """A fitted EK-FAC approximation; `diagonal` holds the Fisher diagonal of what is no matrix.

    `damping` is added to every eigenvalue; "a tenth of the mean eigenvalue" is its default, by layer.
    """

    layers: dict[str, Basis]
    diagonal: dict[str, Tensor]
    damping: dict[str, float]
    slow: dict[str, str]

    def weights(self, name: str) -> Tensor:
        """1 / (lambda + damping) of a layer or parameter."""
        known = self.layers[name].eigenvalues if name in self.layers else self.diagonal[name]
        return 1 / (known + self.damping[name])


def fit(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, *, damping: float | None = None,
    batch: int = 64,
) -> Ekfac:  # fmt: skip
    """Fit to the empirical Fisher of these examples: gradients at the targets that are given.

    For the true Fisher matrix of a classifier give targets drawn from its own predictions (`drawn`). Eval mode is the
    caller's. Errors: UsageError for a negative damping.
    """
    if damping is not None and damping < 0:
        raise UsageError(f"damping={damping} makes no inverse.", do="give a positive number, or none: it is chosen")
    slow = unreadable(network, inputs[:PROBE], targets[:PROBE], loss_of)
    chosen = {name: module for name, module in alone(network, slow).items() if is_matrix(module)}
    covariances: dict[str, tuple[Tensor, Tensor]] = {}
    for x, y in batches(inputs, targets, batch):
        for name, uses in seen(network, x, y, loss_of).items():
            if name in chosen:
                for given in uses:
                    a, d = (v.flatten(0, 1) for v in parts(chosen[name], *given))
                    old = covariances.get(name, (0.0, 0.0))
                    covariances[name] = (old[0] + a.mT @ a, old[1] + d.mT @ d)
    vectors = {name: tuple(torch.linalg.eigh(c).eigenvectors for c in pair) for name, pair in covariances.items()}
    sums: dict[str, Tensor] = {}
    rotations = {n: Basis(a, s, torch.empty(0)) for n, (a, s) in vectors.items()}
    for x, y in batches(inputs, targets, batch):
        for name, g in rotated(network, chosen, rotations, x, y, loss_of, slow).items():
            sums[name] = sums.get(name, 0.0) + g.square().sum(0)
    means = {name: s / len(inputs) for name, s in sums.items()}
    given = {name: float(m.mean()) / 10 if damping is None else damping for name, m in means.items()}
    return Ekfac(
        {n: Basis(a, s, means[n]) for n, (a, s) in vectors.items()},
        {n: m for n, m in means.items() if n not in vectors}, given, slow,
    )  # fmt: skip


def rotated(
    network: nn.Module, chosen: dict[str, nn.Module], bases: dict[str, Basis], inputs: Tensor, targets: Tensor,
    loss_of: Loss, slow: dict[str, str],
) -> dict[str, Tensor]:  # fmt: skip
    """Gradients of one batch: of layers in `chosen` in their eigenbasis (n, out, in + 1), of the rest as they are."""
    formed = gradients(network, inputs, targets, loss_of, slow)
    found: dict[str, Tensor] = {}
    for layer, module in chosen.items():
        prefix = f"{layer}." if layer else ""
        own = {n: formed.pop(f"{prefix}{n}") for n in ("weight", "bias") if f"{prefix}{n}" in formed}
        if layer in bases:
            found[layer] = bases[layer].rotated(matrix(module, own))
    return found | formed


def self_influence(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, fitted: Ekfac, batch: int = 64
) -> Float[Tensor, "n"]:
    """g_i^T (F + damping)^-1 g_i (n,), at least 0: how far an example's own gradient step lowers its own loss."""
    chosen = {name: module for name, module in network.named_modules() if name in fitted.layers}
    found = []
    for x, y in batches(inputs, targets, batch):
        g = rotated(network, chosen, fitted.layers, x, y, loss_of, fitted.slow)
        found.append(torch.stack([(v.square() * fitted.weights(n)).flatten(1).sum(1) for n, v in g.items()]).sum(0))
    return torch.cat(found)


def drawn(logits: Float[Tensor, "n k"], generator: torch.Generator) -> Tensor:
    """Targets (n,) drawn from the network's own predictions: with them the Fisher matrix is the true one."""
    return torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
