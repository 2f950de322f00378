"""Small residual networks (He et al. 2016, section 4.2: 6n + 2 layers), with a choice of norm."""

from collections.abc import Callable
from math import gcd

from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.models.activations import activation as named
from byheart.models.shapes import image, positive

GROUPS = 8


def group_norm(channels: int) -> nn.Module:
    """Group norm with at most 8 groups; unlike batch norm it looks at one example alone."""
    return nn.GroupNorm(gcd(GROUPS, channels), channels)


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "group": group_norm,
    "none": lambda channels: nn.Identity(),
}


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(
        self, inside: int, outside: int, stride: int, act: Callable[[], nn.Module], norm: Callable[[int], nn.Module]
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            norm(outside),
            act(),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            norm(outside),
        )
        same = stride == 1 and inside == outside
        self.shortcut = nn.Identity() if same else nn.Conv2d(inside, outside, 1, stride, bias=False)
        self.act = act()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.act(self.body(inputs) + self.shortcut(inputs))


@register("network", "resnet")
def resnet(
    input_shape: tuple[int, ...],
    outputs: int,
    blocks: int = 1,
    width: int = 16,
    norm: str = "batch",
    activation: str = "relu",
) -> nn.Module:
    """(b, c, h, w) -> (b, outputs): 6 * blocks + 2 layers in three stages of width, 2 * width and 4 * width channels,
    then the mean.

    `norm` is batch, group or none. ResNet-8 by default (78 thousand parameters). Errors: UsageError for inputs that
    are no images.
    """
    depth, *_ = image("resnet", input_shape, least=4)
    positive("resnet", outputs=outputs, blocks=blocks, width=width)
    if norm not in NORMS:
        raise UsageError(f"resnet has no norm called {norm!r}.", do=f"choose one of: {', '.join(NORMS)}")
    act, normalize = named(activation), NORMS[norm]
    layers: list[nn.Module] = [nn.Conv2d(depth, width, 3, padding=1, bias=False), normalize(width), act()]
    inside = width
    for stage in range(3):
        for block in range(blocks):
            outside = width * 2**stage
            layers.append(Block(inside, outside, 2 if stage and not block else 1, act, normalize))
            inside = outside
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inside, outputs))


@register("network", "resnet20")
def resnet20(input_shape: tuple[int, ...], outputs: int, norm: str = "batch", activation: str = "relu") -> nn.Module:
    """(b, c, h, w) -> (b, outputs): the residual network of 20 layers (272 thousand parameters)."""
    return resnet(input_shape, outputs, 3, 16, norm, activation)
