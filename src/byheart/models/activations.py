"""Activations by name: each entry makes a fresh module, because some (PReLU) hold parameters."""

from collections.abc import Callable

from torch import nn

from byheart.base.registry import find, register

for _name, _module in {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}.items():
    register("activation", _name)(_module)


@register("activation", "softmax")
def softmax() -> nn.Module:
    """Softmax over features (b, d) or channels (b, c, h, w)."""
    return nn.Softmax(dim=1)


def activation(name: str) -> Callable[[], nn.Module]:
    """What makes the activation called `name`; UsageError for an unknown one."""
    return find("activation", name)
