"""What a network asks of the shape of its inputs."""

from math import prod

from byheart.base.errors import UsageError


def positive(network: str, **sizes: float | int) -> None:
    """UsageError unless every named size is a whole number from 1."""
    for name, size in sizes.items():
        if isinstance(size, bool) or int(size) != size or size < 1:
            raise UsageError(f"{network} cannot have {name}={size}.", do="give a whole number from 1")


def flat(network: str, input_shape: tuple[int, ...]) -> int:
    """How many numbers one input holds; UsageError for none."""
    if not input_shape or prod(input_shape) < 1:
        raise UsageError(
            f"{network} cannot read inputs of shape {tuple(input_shape)}.", do="give at least one feature per example"
        )
    return prod(input_shape)


def image(network: str, input_shape: tuple[int, ...], least: int) -> tuple[int, int, int]:
    """(channels, height, width) of images of at least `least` pixels a side; UsageError for anything else."""
    if len(input_shape) != 3:
        raise UsageError(
            f"{network} reads images (channels, height, width), but the inputs have shape {tuple(input_shape)}.",
            do='use network="mlp", or reshape the inputs into images',
        )
    channels, height, width = input_shape
    if channels < 1 or min(height, width) < least:
        raise UsageError(
            f"{network} needs images of at least {least} x {least} pixels, not {height} x {width}.",
            do='use network="mlp"',
        )
    return channels, height, width
