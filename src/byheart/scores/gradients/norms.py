"""||gradient||^2 of each example, of the whole network and of each parameter, at about the cost of one pass.

A linear layer's gradient is a product of its input and of the gradient in its output, whose norms are enough
(Goodfellow 2015; Rochette et al. 2019). Every parameter is counted, tied and reused ones with their cross terms; what
no kernel knows is done the slow way, and named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from byheart.base.errors import TrainingFailed, UsageError
from byheart.scores.gradients import one_by_one
from byheart.scores.gradients.capture import capturing
from byheart.scores.gradients.kernel import Rows, own, total
from byheart.scores.gradients.layers import layers
from byheart.scores.gradients.passes import Loss, batches, gathered

PROBE = 2  # examples on which the kernels are held against the slow way before they are believed
LOOKED = 4  # examples among which these have the largest losses
AGREE = 1e-3
ROUNDING = 1e-5  # of a gradient, over the largest of them: float32 tells no less


@dataclass(frozen=True, eq=False)
class GradientNorms:
    """||gradient||^2 of each example: `squared` (n,) in all, `parameters` name -> (n,).

    `slow` names the parameters whose gradients were formed one by one, with the reason.
    """

    squared: Tensor
    parameters: dict[str, Tensor]
    slow: dict[str, str]


def gradient_norms(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, batch: int = 256
) -> GradientNorms:
    """||d loss_i / d theta||^2 (n,) over the parameters that require a gradient, in eval mode, in batches.

    `loss_of(outputs, targets)` gives the loss of each example. The network is as it was afterwards: its mode, its
    flags, its hooks. Errors: UsageError when nothing requires a gradient or when losses are not one per example.
    """
    if not any(p.requires_grad for p in network.parameters()):
        raise UsageError("No parameter of this network requires a gradient.", do="network.requires_grad_()")
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        slow = unreadable(network, inputs, targets, loss_of)
        names: list[str] = []

        def parts() -> Iterator[Tensor]:
            for x, y in batches(inputs, targets, batch):
                found = batch_squares(network, x, y, loss_of, slow)
                names[:] = sorted(found)
                yield torch.stack([found[name] for name in names], 1)

        values = gathered(len(inputs), parts())
    finally:
        for module, mode in modes.items():
            module.training = mode
    return GradientNorms(values.sum(1), dict(zip(names, values.unbind(1), strict=True)), slow)


def batch_squares(network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, slow: dict[str, str]) -> Rows:
    """||gradient||^2 (n,) of every parameter for one batch."""
    found, spoiled = by_kernels(network, inputs, targets, loss_of, slow)
    rest = (*slow, *spoiled)
    return found | (one_by_one.squares(network, rest, inputs, targets, loss_of) if rest else {})


def by_kernels(
    network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, slow: dict[str, str]
) -> tuple[Rows, tuple[str, ...]]:
    """||gradient||^2 (n,) of the parameters that kernels can read, and the names of those that they could not."""
    names = {id(p): name for name, p in network.named_parameters() if p.requires_grad and name not in slow}
    kernels = {name: kernel for name, (_, kernel) in layers(network).items()}
    squares: Rows = {}
    sums: Rows = {}

    def consume(layer: str, module: nn.Module, a: Tensor, d: Tensor) -> None:
        mine = {name: id(p) for name, p in own(module).items() if id(p) in names}
        once = [name for name, address in mine.items() if seen.uses[address] == 1]
        if once:
            values = kernels[layer].squares(module, a, d)
            squares.update({names[mine[name]]: values[name] for name in once})
        if len(once) < len(mine):
            formed = kernels[layer].gradients(module, a, d)
            for name in mine.keys() - once:  # cross terms: gradients add up before they are squared
                whole = names[mine[name]]
                sums[whole] = formed[name] if whole not in sums else sums[whole] + formed[name]

    with torch.enable_grad(), capturing(network, inputs, consume) as (outputs, seen):
        losses = each(loss_of(outputs, targets), len(inputs))
        if losses.requires_grad:
            losses.sum().backward()
    squares |= {name: total(g) for name, g in sums.items()}
    missing = [name for address, name in names.items() if name not in squares or address in seen.spoiled]
    return {name: v for name, v in squares.items() if name not in missing}, tuple(missing)


def unreadable(network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss) -> dict[str, str]:
    """Parameters that kernels do not read rightly, with the reason: found by holding a few of the examples against the
    slow way.

    A parameter may be used where no layer shows it (a function call with the weight of another layer); only a
    comparison can tell.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is None:
            raise UsageError(
                f"{name or 'The network'} normalizes by the batch it sees: no example has a gradient of its own.",
                do="give it running statistics: track_running_stats=True, or use GroupNorm or LayerNorm",
            )
    inputs, targets = probed(network, inputs[:LOOKED], targets[:LOOKED], loss_of)
    names = tuple(name for name, p in network.named_parameters() if p.requires_grad)
    read, spoiled = by_kernels(network, inputs, targets, loss_of, {})
    why = dict.fromkeys(spoiled, "no kernel reads its layer")
    formed = one_by_one.squares(network, names, inputs, targets, loss_of)
    # what is 0 but for rounding, such as the bias of an attention's keys, is rounded differently by either way
    largest = max((float(g.max()) for g in formed.values() if torch.isfinite(g).all()), default=0.0)
    rounding = ROUNDING**2 * largest
    for name, values in read.items():
        true = formed[name]
        if not torch.isfinite(true).all():
            raise TrainingFailed(f"The gradient of {name} is no number.", do="look at the loss of these examples")
        if (values - true).abs().max() > AGREE * (true.abs().max() + torch.finfo(true.dtype).tiny) + rounding:
            why[name] = "it is used outside its layer"
    return why


def probed(network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss) -> tuple[Tensor, Tensor]:
    """The few of largest loss: a gradient that is 0 in its precision agrees with anything."""
    with torch.no_grad():
        losses = each(loss_of(network(inputs), targets), len(inputs))
    rows = losses.topk(min(PROBE, len(losses))).indices
    return inputs[rows], targets[rows]


def each(losses: Tensor, n: int) -> Tensor:
    """The losses of n examples; UsageError when they are not one of each."""
    if losses.shape != (n,):
        raise UsageError(f"The loss has shape {tuple(losses.shape)} for {n} examples.", do="give one loss per example")
    return losses
