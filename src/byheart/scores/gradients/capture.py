"""What each layer sees: its input and the gradient in its output, handed over as the backward pass comes by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor, nn

from byheart.scores.gradients.kernel import own
from byheart.scores.gradients.layers import layers

Consume = Callable[[str, nn.Module, Tensor, Tensor], None]  # name, module, input, output gradient


@dataclass
class Captured:
    """Which parameters were used in a forward pass, and how often: by the address of the parameter."""

    uses: dict[int, int] = field(default_factory=dict)
    spoiled: set[int] = field(default_factory=set)  # used in a way that cannot be read per example


@contextmanager
def capturing(network: nn.Module, n: int, consume: Consume) -> Iterator[Captured]:
    """While it lasts, a forward pass over `n` examples leaves hooks on layer outputs that call `consume` in backward.

    The parameters are frozen meanwhile, so that no gradient of theirs is formed; all is put back, also after an error.
    """
    seen, handles = Captured(), []
    trained = [p for p in network.parameters() if p.requires_grad]

    def watch(name: str, module: nn.Module) -> Callable[..., Tensor | None]:
        def hook(_: nn.Module, given: tuple, output: Tensor) -> Tensor | None:
            mine = [id(p) for p in own(module).values() if id(p) in addresses]
            for address in mine:
                seen.uses[address] = seen.uses.get(address, 0) + 1
            a, changed = given[0].detach(), None
            if len(output) != n and isinstance(module, nn.Embedding) and len(a.reshape(-1)) == output[..., 0].numel():
                shape = output.shape[1:] if len(output) == 1 else output.shape
                a = a.reshape(1, -1)  # positions: the same for all examples, so that each gets a gradient of its own
                changed = output.expand(n, *shape)
            if not output.requires_grad:
                # nothing before it is trained; a copy of a leaf may be changed in place by what follows
                changed = (output if changed is None else changed).detach().requires_grad_().clone()
            tracked = output if changed is None else changed
            if len(tracked) != n:
                seen.spoiled.update(mine)
            else:
                version = given[0]._version
                tracked.register_hook(lambda d: take(d, a, given[0], version, mine))
            return changed

        def take(d: Tensor, a: Tensor, source: Tensor, version: int, mine: list[int]) -> None:
            if source._version != version:  # its input was overwritten after it was used
                seen.spoiled.update(mine)
            else:
                consume(name, module, a, d)

        return hook

    addresses = {id(p) for p in trained}
    try:
        for name, (module, _) in layers(network).items():
            handles.append(module.register_forward_hook(watch(name, module)))
        for p in trained:
            p.requires_grad_(False)
        yield seen
    finally:
        for p in trained:
            p.requires_grad_(True)
        for handle in handles:
            handle.remove()
