"""Which kernel reads which kind of layer."""

from __future__ import annotations

from torch import nn

from byheart.scores.gradients.convolution import CONVOLUTION
from byheart.scores.gradients.embedding import EMBEDDING, kind_is_plain
from byheart.scores.gradients.kernel import Kernel, own
from byheart.scores.gradients.linear import LINEAR, TRANSPOSED
from byheart.scores.gradients.normalization import CHANNEL, LAYER
from byheart.scores.gradients.recurrent import is_recurrent, parts

KERNELS: dict[type, Kernel] = {
    nn.Linear: LINEAR,
    nn.Conv1d: CONVOLUTION,
    nn.Conv2d: CONVOLUTION,
    nn.Embedding: EMBEDDING,
    nn.LayerNorm: LAYER,
    nn.RMSNorm: LAYER,
    nn.GroupNorm: CHANNEL,
    nn.BatchNorm1d: CHANNEL,
    nn.BatchNorm2d: CHANNEL,
    nn.BatchNorm3d: CHANNEL,
}


def kernel_of(module: nn.Module) -> Kernel | None:
    """The kernel of exactly this kind of layer; a subclass may do anything and has none."""
    kind = type(module)
    if kind.__name__ == "Conv1D" and kind.__module__.startswith("transformers."):
        return TRANSPOSED  # x @ weight + bias, with weight (in, out)
    if isinstance(module, nn.Embedding) and not kind_is_plain(module):
        return None
    return KERNELS.get(kind)


def called(network: nn.Module) -> dict[str, nn.Module]:
    """Name -> layer, for the layers that can be read and have trained parameters of their own."""
    return {
        name: module
        for name, module in network.named_modules()
        if (is_recurrent(module) or kernel_of(module) is not None)
        and any(p.requires_grad for p in own(module).values())
    }


def layers(network: nn.Module) -> dict[str, tuple[nn.Module, Kernel]]:
    """Name -> layer and its kernel, for the same layers; of a recurrent one its parts, each linear."""
    found: dict[str, tuple[nn.Module, Kernel]] = {}
    for name, module in called(network).items():
        kernel = kernel_of(module)
        if kernel is not None:
            found[name] = (module, kernel)
        elif is_recurrent(module):
            found |= {joined(name, part): (layer, LINEAR) for part, layer in parts(module).items()}
    return found


def joined(layer: str, name: str) -> str:
    """The name of something in a layer, which may be the network itself."""
    return f"{layer}.{name}" if layer else name
