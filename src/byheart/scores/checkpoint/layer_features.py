"""What each layer of a network makes of each example, by forward hooks that are gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.errors import NotApplicable

CHUNK = 512  # examples at a time
LAST = (
    nn.Linear,
    nn.Embedding,
    nn.LayerNorm,
    nn.RMSNorm,
    nn.RNNBase,
)  # these have features last, others channels first
ACTIVATIONS = nn.ReLU.__module__


def layer_features(network: nn.Module, inputs: Tensor) -> dict[str, Float[Tensor, "n _"]]:
    """Features (n, d) of every layer, in the order in which they run; what stands at many places is averaged over them.

    A layer is a call of a module that has parameters or is one of torch's activations, and holds no other module; a
    module that is called again has its name with a number. Functions in place of modules are not seen. `network` is in
    eval mode. Errors: NotApplicable where no layer is seen.
    """
    # of a single example, only what has one row is of examples, and not of places or of patches
    single = [name for name, found in passed(network, inputs[:1]) if len(found) == 1]
    parts: dict[str, list[Tensor]] = {name: [] for name in single}
    for i in range(0, len(inputs), CHUNK):
        for name, found in passed(network, inputs[i : i + CHUNK]):
            if name in parts:
                parts[name].append(found)
    features = {name: torch.cat(found) for name, found in parts.items() if sum(map(len, found)) == len(inputs)}
    if not features:
        raise NotApplicable("no layer of the network is a module whose output has a row for each example")
    return features


def passed(network: nn.Module, inputs: Tensor) -> list[tuple[str, Tensor]]:
    """Name and pooled output of every call of a layer while the inputs run through."""
    with torch.no_grad(), listening(network) as heard:
        network(inputs)
    return heard


@contextmanager
def listening(network: nn.Module) -> Iterator[list[tuple[str, Tensor]]]:
    """Name and pooled output of every call of a layer, as they come; the hooks go when the block ends, however."""
    heard: list[tuple[str, Tensor]] = []
    calls: dict[str, int] = {}
    last = [False]  # whether features are last: an activation keeps the order of the layer before it

    def listen(name: str, module: nn.Module, output: Tensor | tuple) -> None:
        found = output[0] if isinstance(output, tuple) else output
        if next(module.parameters(recurse=False), None) is not None:
            last[0] = isinstance(module, LAST)
        calls[name] = calls.get(name, 0) + 1
        numbered = name if calls[name] == 1 else f"{name} ({calls[name]})"
        heard.append((numbered, pooled(found, last[0])))

    hooks = []
    try:
        for name, module in network.named_modules():
            if is_layer(module):
                hear = lambda m, given, out, name=name or "network": listen(name, m, out)  # noqa: E731
                hooks.append(module.register_forward_hook(hear))
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def is_layer(module: nn.Module) -> bool:
    """Whether a module holds no other and has parameters or is one of torch's activations."""
    own = next(module.parameters(recurse=False), None) is not None
    return next(module.children(), None) is None and (own or type(module).__module__ == ACTIVATIONS)


def pooled(output: Tensor, features_last: bool) -> Tensor:
    """(n, d): the mean over all dimensions but the first and that of the features."""
    found = output.detach()
    if found.dim() > 2:
        return found.flatten(1, -2).mean(1) if features_last else found.flatten(2).mean(2)
    return found if found.dim() == 2 else found.reshape(-1, 1)
