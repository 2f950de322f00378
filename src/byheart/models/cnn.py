"""A small convolutional network for small images."""

from torch import nn

from byheart.base.registry import register
from byheart.models.activations import activation as named
from byheart.models.shapes import image, positive


@register("network", "cnn")
def cnn(
    input_shape: tuple[int, ...],
    outputs: int,
    channels: tuple[int, ...] = (16, 32),
    hidden: int = 56,
    activation: str = "relu",
) -> nn.Module:
    """(b, c, h, w) -> (b, outputs): per entry of `channels` a 3 x 3 convolution, activation and 2 x 2 maximum; then
    two Linear.

    93,234 parameters at 1 x 28 x 28 with 10 outputs. Errors: UsageError for inputs that are no images, or too small
    to be halved so often.
    """
    depth, height, width = image("cnn", input_shape, least=2 ** len(channels))
    positive("cnn", outputs=outputs, hidden=hidden)
    act = named(activation)
    layers: list[nn.Module] = []
    for size in channels:
        positive("cnn", channels=size)
        layers += [nn.Conv2d(depth, size, 3, padding=1), act(), nn.MaxPool2d(2)]
        depth, height, width = size, height // 2, width // 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(depth * height * width, hidden), act(), nn.Linear(hidden, outputs)
    )
