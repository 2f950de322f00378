"""A linear map without bias, so that what it has learned is one weight per feature and class."""

from torch import nn

from byheart.base.registry import register
from byheart.models.shapes import flat, positive


@register("network", "linear")
def linear(input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """(b, *input_shape) -> (b, outputs): flatten, then W x. With bias: mlp with hidden=()."""
    positive("linear", outputs=outputs)
    return nn.Sequential(nn.Flatten(), nn.Linear(flat("linear", input_shape), outputs, bias=False))
