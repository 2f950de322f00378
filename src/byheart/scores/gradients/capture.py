"""What each layer sees: its input and the gradient in its output, handed over as the backward pass comes by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from byheart.scores.gradients.kernel import own
from byheart.scores.gradients.layers import called, joined
from byheart.scores.gradients.recurrent import again, is_recurrent, parts

Consume = Callable[[str, nn.Module, Tensor, Tensor], None]  # name, module, input, output gradient
Modules = dict[str, tuple[nn.Module, list[int]]]  # name -> layer, and the addresses of its trained parameters
Watch = Callable[[str, nn.Module, list[int]], Callable[..., Any]]  # makes a forward hook


@dataclass
class Captured:
    """What a forward pass over `n` examples showed; parameters are named by their address."""

    n: int
    uses: dict[int, int] = field(default_factory=dict)  # how often each parameter was used
    spoiled: set[int] = field(default_factory=set)  # used in a way that cannot be read per example
    # Embeddings of one row of indices, as many as there are examples: a token of each, or positions that all share.
    doubtful: set[str] = field(default_factory=set)
    expanded: set[str] = field(default_factory=set)  # of positions, given a row for each example


@contextmanager
def capturing(network: nn.Module, inputs: Tensor, consume: Consume) -> Iterator[tuple[Tensor, Captured]]:
    """The network's outputs, and what was seen; while it lasts, a backward pass from them calls `consume` by layer.

    The parameters are frozen meanwhile, so that no gradient of theirs is formed; all is put back, also after an error.
    """
    trained, modules = [p for p in network.parameters() if p.requires_grad], trained_layers(network)
    for p in trained:
        p.requires_grad_(False)
    try:
        yield _forward(network, inputs, consume, modules)
    finally:
        for p in trained:
            p.requires_grad_(True)


def trained_layers(network: nn.Module) -> Modules:
    """The layers that can be read, each with the addresses of its trained parameters."""
    return {
        name: (module, [id(p) for p in own(module).values() if p.requires_grad])
        for name, module in called(network).items()
    }


def _forward(network: nn.Module, inputs: Tensor, consume: Consume, modules: Modules) -> tuple[Tensor, Captured]:
    """A pass in which positions have a row for each example; where the network cannot take that, one in which they are
    spoiled.
    """
    with suppress(Exception):  # an error of the network's own comes again below
        outputs, seen = _settled(network, inputs, consume, modules, True)
        if not seen.expanded or len(outputs) == len(inputs):
            return outputs, seen
    return _settled(network, inputs, consume, modules, False)


def _settled(
    network: nn.Module, inputs: Tensor, consume: Consume, modules: Modules, expands: bool
) -> tuple[Tensor, Captured]:
    """A pass, and another where it left in doubt what positions are."""
    seen = Captured(len(inputs))
    outputs = _through(network, inputs, modules, _watch(seen, frozenset(), expands, consume))
    shared = _positions(network, inputs, {name: modules[name] for name in seen.doubtful})
    if shared:
        seen = Captured(len(inputs))
        outputs = _through(network, inputs, modules, _watch(seen, shared, expands, consume))
    return outputs, seen


def _through(network: nn.Module, inputs: Tensor, modules: Modules, watch: Watch) -> Tensor:
    """The network's outputs, with a forward hook on each of these layers meanwhile."""
    handles = []
    try:
        for name, (module, mine) in modules.items():
            handles.append(module.register_forward_hook(watch(name, module, mine), with_kwargs=True))
        return network(inputs)
    finally:
        for handle in handles:
            handle.remove()


def _watch(seen: Captured, shared: frozenset[str], expands: bool, consume: Consume) -> Watch:
    """Makes hooks that note what a layer sees and leave hooks on its output."""

    def watch(name: str, module: nn.Module, mine: list[int]) -> Callable[..., Any]:
        def hook(_: nn.Module, given: tuple, named: dict[str, Any], output: Any) -> Any:
            for address in mine:
                seen.uses[address] = seen.uses.get(address, 0) + 1
            if not given or named:  # called by keyword
                seen.spoiled.update(mine)
                return None
            if is_recurrent(module):
                return step_by_step(module, given, output)
            a, changed = given[0].detach(), None
            if isinstance(module, nn.Embedding) and (a.dim() == 1 or len(a) == 1):
                if len(output) == seen.n and name not in shared:
                    seen.doubtful.update({name} if seen.n > 1 else ())
                elif expands:
                    seen.expanded.add(name)
                    a = a.reshape(1, -1)  # the same for all examples, so that each gets a gradient of its own
                    changed = output.reshape(1, -1, output.shape[-1]).expand(seen.n, -1, -1)
            if not output.requires_grad:
                # nothing before it is trained; a copy of a leaf may be changed in place by what follows
                changed = (output if changed is None else changed).detach().requires_grad_().clone()
            tracked = output if changed is None else changed
            if len(tracked) != seen.n or (name in shared and name not in seen.expanded):
                seen.spoiled.update(mine)
            else:
                held = [(a, given[0], given[0]._version)]
                tracked.register_hook(lambda d: take(d, held))
            return changed

        def step_by_step(module: nn.RNNBase, given: tuple, output: tuple) -> tuple | None:
            layers, source = parts(module), given[0]
            version = getattr(source, "_version", 0)

            def tap(part: str, inputs: list[Tensor], entering: Tensor) -> None:
                entering.register_hook(lambda d: read(part, inputs, d))

            def read(part: str, inputs: list[Tensor], d: Tensor) -> None:
                if source._version != version:
                    seen.spoiled.update(mine)
                else:
                    seen_by = torch.cat(inputs, 1).detach()
                    inputs.clear()  # as those of other layers: not to be held until the pass is over
                    consume(joined(name, part), layers[part], seen_by, d)

            found = again(module, given, output, tap)
            if found is None or len(found[0] if module.batch_first else found[0][0]) != seen.n:
                seen.spoiled.update(mine)
                return None
            return found

        def take(d: Tensor, held: list[tuple[Tensor, Tensor, int]]) -> None:
            a, source, version = held.pop()  # once: the graph would keep every layer's input until the pass is over
            if source._version != version:  # its input was overwritten after it was used
                seen.spoiled.update(mine)
            else:
                consume(name, module, a, d)

        return hook

    return watch


def _positions(network: nn.Module, inputs: Tensor, doubtful: Modules) -> frozenset[str]:
    """Those of the embeddings that give more than one row for one example."""
    found: set[str] = set()
    if not doubtful:
        return frozenset()

    def watch(name: str, module: nn.Module, mine: list[int]) -> Callable[..., Any]:
        def hook(_: nn.Module, given: tuple, named: dict[str, Any], output: Tensor) -> None:
            found.update({name} if len(output) != 1 else ())

        return hook

    with torch.no_grad():
        _through(network, inputs[:1], doubtful, watch)
    return frozenset(found)
