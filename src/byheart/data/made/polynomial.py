"""A curve of one input and noisy labels: too few powers miss the curve, too many follow the noise."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.recipe import Recipe
from byheart.data.task import Task


@register("task", "polynomial")
def polynomial(
    seed: int = 0,
    train: int = 40,
    test: int = 400,
    noise: float = 0.3,
    coefficients: tuple[float, ...] = (0.0, 1.0, 0.5, 0.5, 0.25, 0.25),
) -> Task:
    """`train` inputs x, uniform in [-1, 1], with labels curve(x) + noise N; test and validation have the curve itself.

    The curve is the sum of `coefficients` times Chebyshev's polynomials, whose sizes are alike: (0, 1) is a straight
    line. truth: original, the curve at the training inputs. Nothing is scaled, so that losses are in squared units of
    the target. Learned by one hidden layer of 64, all examples in one batch, AdamW at 0.01.
    """
    if noise < 0 or len(coefficients) < 2 or min(train, test) < 2:
        raise UsageError(
            f"noise={noise:g}, coefficients={coefficients}, train={train}, test={test} make no such task.",
            do="give a deviation from 0, two coefficients and two points, or more",
        )
    random = generator(seed, "polynomial")
    x, held = random.uniform(-1, 1, train), random.uniform(-1, 1, test)
    labels = curve(x, coefficients) + noise * random.standard_normal(train)
    return Task(
        points(x, labels),
        points(held, curve(held, coefficients)),
        network=perceptron(64),
        recipe=Recipe(epochs=300, batch=train, optimizer="adamw", lr=0.01, clip=0.0),
        name="polynomial",
        classes=0,
        feature_names=("x",),
        truth={"original": curve(x, coefficients).astype(np.float32)},
        scaling="none",
    )


def curve(x: Float[np.ndarray, "n"], coefficients: tuple[float, ...]) -> Float[np.ndarray, "n"]:
    """The sum (n,) over k of coefficients_k cos(k arccos x), Chebyshev's polynomials of the first kind."""
    return np.polynomial.chebyshev.chebval(x, np.asarray(coefficients, np.float64))


def points(x: Float[np.ndarray, "n"], targets: Float[np.ndarray, "n"]) -> Examples:
    """Examples of one input."""
    return Examples(x[:, None].astype(np.float32), targets.astype(np.float32))
