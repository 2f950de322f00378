"""A pass over examples in which every example's gradient is formed, layer by layer, and handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from byheart.scores.gradients import one_by_one
from byheart.scores.gradients.capture import capturing
from byheart.scores.gradients.kernel import Rows, own
from byheart.scores.gradients.layers import layers

Loss = Callable[[Tensor, Tensor], Tensor]  # outputs (n, ...), targets (n, ...) -> loss of each example (n,)


def alone(network: nn.Module, slow: dict[str, str]) -> dict[str, nn.Module]:
    """The layers whose parameters are all read by kernels and belong to no other layer."""
    count: dict[int, int] = {}
    for module in network.modules():
        for p in own(module).values():
            count[id(p)] = count.get(id(p), 0) + 1
    names = {id(p): name for name, p in network.named_parameters()}
    return {
        layer: module
        for layer, (module, _) in layers(network).items()
        if all(count[id(p)] == 1 and names[id(p)] not in slow and p.requires_grad for p in own(module).values())
    }


def seen(network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss) -> dict[str, list[tuple[Tensor, Tensor]]]:
    """Layer -> its uses, each with input and output gradient, for one batch."""
    found: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def consume(layer: str, module: nn.Module, a: Tensor, d: Tensor) -> None:
        found.setdefault(layer, []).append((a, d))

    with torch.enable_grad(), capturing(network, inputs, consume) as (outputs, _):
        loss_of(outputs, targets).sum().backward()
    return found


def gradients(network: nn.Module, inputs: Tensor, targets: Tensor, loss_of: Loss, slow: dict[str, str]) -> Rows:
    """Gradients (n, *shape) of every trained parameter for one batch: uses added up, the slow ones the slow way."""
    return formed(network, seen(network, inputs, targets, loss_of), inputs, targets, loss_of, slow)


def formed(
    network: nn.Module, uses: dict[str, list[tuple[Tensor, Tensor]]], inputs: Tensor, targets: Tensor, loss_of: Loss,
    slow: dict[str, str], without: frozenset[str] = frozenset(),
) -> Rows:  # fmt: skip
    """The same from the uses of one pass, without the parameters of some layers."""
    left = {f"{layer}.{n}" if layer else n for layer in without for n in own(network.get_submodule(layer))}
    wanted = {n: p for n, p in network.named_parameters() if p.requires_grad and n not in left}
    names = {id(p): name for name, p in wanted.items() if name not in slow}
    kernels = layers(network)
    found: Rows = {}
    for layer in uses.keys() - without:
        module, kernel = kernels[layer]
        for a, d in uses[layer]:
            for name, values in kernel.gradients(module, a, d).items():
                whole = names.get(id(own(module).get(name)))
                if whole is not None:
                    found[whole] = values if whole not in found else found[whole] + values
    rest = tuple(n for n in wanted if n not in found)
    return found | (one_by_one.gradients(network, rest, inputs, targets, loss_of) if rest else {})


def batches(inputs: Tensor, targets: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs and targets in batches."""
    yield from zip(inputs.split(size), targets.split(size), strict=True)


def gathered(n: int, parts: Iterable[Tensor]) -> Tensor:
    """Parts (b, ...) of `n` rows in all, one after the other.

    They are copied into one tensor as they come: small results that stay between large temporaries would keep the
    allocator from using that room again, a temporary a batch.
    """
    whole, start = None, 0
    for part in parts:
        whole = part.new_empty(n, *part.shape[1:]) if whole is None else whole
        whole[start : start + len(part)] = part
        start += len(part)
    assert whole is not None and start == n
    return whole
