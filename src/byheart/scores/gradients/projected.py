"""TRAK: influence by random projections of the gradients of the network's margin (Park et al. 2023, equation 17).

f = log(p / (1 - p)) of the label, phi_i = R^T grad f_i with random signs R / sqrt(k), and the influence of training
example i on j is phi_j^T (Phi^T Phi + damping)^-1 phi_i (1 - p_i), one Newton step of a logistic regression on phi,
averaged over checkpoints. Only Phi (n, k) is kept: gradients and signs are made in pieces and thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.base.seeds import spawn
from byheart.scores.gradients.norms import unreadable
from byheart.scores.gradients.passes import alone, batches, formed, seen
from byheart.scores.gradients.top import Top, check_top, joined, top_of

CELLS = 2**24  # numbers: signs, and gradients, that are in memory together
BLOCK = 2**26  # numbers: values in memory at once when the largest are looked for
SHARE = 1.0  # the default damping, as a share of the mean eigenvalue of Phi^T Phi: chosen on the digits


@dataclass(frozen=True, eq=False)
class Projected:
    """Training examples as TRAK sees them: of each network `features` (n, k) and the Cholesky factor (k, k) of their
    damped Gram matrix; `missing` (n,) is 1 - p of the label, the networks' mean; `slow` names of each network the
    parameters whose gradients are formed one by one, with the reason.
    """

    networks: tuple[nn.Module, ...]
    features: tuple[Tensor, ...]
    factors: tuple[Tensor, ...]
    missing: Tensor
    seed: int
    slow: tuple[dict[str, str], ...]

    def influence(self, inputs: Tensor, targets: Tensor, batch: int = 256) -> Float[Tensor, "n m"]:
        """How much each training example raises the margin of each of these examples (n, m), up to a scale."""
        return self.values(self.queries(inputs, targets, batch)).mT

    def top(self, inputs: Tensor, targets: Tensor, top: int = 10, batch: int = 256) -> Top:
        """The `top` training examples that raise the margin of each of these most, and lower it most, exactly.

        Errors: UsageError when there are fewer training examples than `top`.
        """
        check_top(top, len(self.missing))
        size = max(1, BLOCK // len(self.missing))
        found = (top_of([self.values(self.queries(x, y, batch))], top) for x, y in batches(inputs, targets, size))
        return joined(found, {name: why for slow in self.slow for name, why in slow.items()})

    def queries(self, inputs: Tensor, targets: Tensor, batch: int) -> list[Float[Tensor, "m k"]]:
        """(Phi^T Phi + damping)^-1 phi_j of each network."""
        width = self.features[0].shape[1]
        found = []
        for number, (network, factor, slow) in enumerate(zip(self.networks, self.factors, self.slow, strict=True)):
            phi = projections(network, inputs, targets, width, spawn(self.seed, "network", number), batch, slow)
            found.append(torch.cholesky_solve(phi.double().mT, factor).mT.to(phi.dtype))
        return found

    def values(self, queries: list[Float[Tensor, "m k"]]) -> Float[Tensor, "m n"]:
        """Influence of every training example."""
        total = torch.stack([q @ phi.mT for q, phi in zip(queries, self.features, strict=True)])
        return total.mean(0) * self.missing


def fit_projected(
    networks: Sequence[nn.Module], inputs: Tensor, targets: Tensor, *, k: int = 512, seed: int = 0,
    damping: float | None = None, batch: int = 256,
) -> Projected:  # fmt: skip
    """Project the training examples' gradients to `k` numbers by each network, in eval mode.

    `damping` is added to the eigenvalues of Phi^T Phi; without it, their mean. Errors: UsageError when the
    targets are no classes, for no network, k below 1 and damping below 0; and when Phi^T Phi has no inverse.
    """
    if targets.is_floating_point():
        raise UsageError("TRAK's margin needs classes; the targets are numbers.", do="use EK-FAC or dot products")
    if not networks or k < 1 or (damping or 0) < 0:
        raise UsageError(f"{len(networks)} networks, k={k}, damping={damping} make no projection.",
                         do="give at least one network, k of at least 1 and a damping of at least 0")  # fmt: skip
    features, factors, missing, unread = [], [], [], []
    for number, network in enumerate(networks):
        slow = unreadable(network, inputs, targets, margin)
        phi = projections(network, inputs, targets, k, spawn(seed, "network", number), batch, slow)
        gram = phi.double().mT @ phi.double()
        added = SHARE * float(gram.diagonal().mean()) if damping is None else damping
        factor, failed = torch.linalg.cholesky_ex(gram + added * torch.eye(k, dtype=gram.dtype))
        if int(failed):
            raise UsageError(f"{k} numbers an example of {len(inputs)} examples have no inverse Gram matrix.",
                             do="give a damping, or a smaller k")  # fmt: skip
        features.append(phi)
        factors.append(factor)
        missing.append(absent(network, inputs, targets, batch))
        unread.append(slow)
    absences = torch.stack(missing).mean(0)
    return Projected(tuple(networks), tuple(features), tuple(factors), absences, seed, tuple(unread))


def margin(outputs: Float[Tensor, "n c"], targets: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
    """log(p / (1 - p)) (n,) of the label."""
    others = outputs.scatter(1, targets[:, None], -torch.inf)
    return outputs.gather(1, targets[:, None])[:, 0] - others.logsumexp(1)


def absent(network: nn.Module, inputs: Tensor, targets: Tensor, batch: int) -> Float[Tensor, "n"]:
    """1 - p (n,) of the label."""
    with torch.no_grad():
        return torch.cat([torch.sigmoid(-margin(network(x), y)) for x, y in batches(inputs, targets, batch)])


def projections(
    network: nn.Module, inputs: Tensor, targets: Tensor, k: int, seed: int, batch: int, slow: dict[str, str]
) -> Float[Tensor, "n k"]:
    """Gradients of the margin times random signs / sqrt(k): dot products are kept, in the mean over seeds."""
    linear = {name: m for name, m in alone(network, slow).items() if type(m) is nn.Linear}
    found = []
    for x, y in batches(inputs, targets, batch):
        uses, total = seen(network, x, y, margin), x.new_zeros(len(x), k, dtype=next(network.parameters()).dtype)
        ranked = {n for n in linear.keys() & uses.keys() if len(uses[n]) == 1 and uses[n][0][1].ndim == 2}
        for name in sorted(ranked):
            ((a, d),) = uses[name]
            prefix = f"{name}." if name else ""
            add_outer(total, d, a, f"{prefix}weight", seed)
            if linear[name].bias is not None:
                add(total, d, f"{prefix}bias", seed)
        rest = formed(network, uses, x, y, margin, slow, frozenset(ranked))
        for name in sorted(rest):
            add(total, rest[name].flatten(1), name, seed)
        found.append(total)
    return torch.cat(found) / k**0.5


def add_outer(total: Tensor, d: Float[Tensor, "n o"], a: Float[Tensor, "n i"], name: str, seed: int) -> None:
    """Add the projection of d a^T, some outputs at a time."""
    width = a.shape[1]
    for begin, end in pieces(d.shape[1], width * max(total.shape)):
        rows = (d[:, begin:end, None] * a[:, None]).flatten(1)
        total.addmm_(rows, signs(name, seed, begin * width, end * width, total))


def add(total: Tensor, gradients: Float[Tensor, "n p"], name: str, seed: int) -> None:
    """Add the projection of gradients, some numbers at a time."""
    for begin, end in pieces(gradients.shape[1], max(total.shape)):
        total.addmm_(gradients[:, begin:end], signs(name, seed, begin, end, total))


def pieces(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of `count` things of `size` numbers, each within what may be in memory."""
    step = max(1, CELLS // size)
    for begin in range(0, count, step):
        yield begin, min(begin + step, count)


def signs(name: str, seed: int, begin: int, end: int, like: Float[Tensor, "n k"]) -> Float[Tensor, "p k"]:
    """Random signs, k for each of the parameter's numbers from `begin` to `end`, the same whatever the range."""
    k = like.shape[1]
    words = -(-k // 64)  # of 64 bits for each number: the stream is entered at any of them
    stream = np.random.PCG64(spawn(seed, "signs", name)).advance(begin * words)
    drawn = stream.random_raw((end - begin) * words).astype("<u8").view(np.uint8).reshape(end - begin, words * 8)
    return torch.from_numpy(np.unpackbits(drawn, axis=1, count=k)).to(like.dtype).mul_(2).sub_(1)
