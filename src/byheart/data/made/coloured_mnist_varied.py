"""Coloured MNIST whose colours vary around that of the class, so that some tell another class's colour as well."""

import colorsys
from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.builtin import mnist
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn, small
from byheart.data.recipe import Recipe
from byheart.data.task import Task

CLASSES = 10
MEANS = np.array([colorsys.hsv_to_rgb(label / CLASSES, 1, 1) for label in range(CLASSES)])


@register("task", "coloured_mnist_varied")
def coloured_mnist_varied(seed: int = 0, train: int = 5_000, test: int = 4_000, variance: float = 0.02) -> Task:
    """Digits at 14 x 14, each in a colour drawn around that of its class in training, and around that of any class held
    out, so that test accuracy is unbiased accuracy.

    A colour is the class's hue plus normal noise of that `variance` in each channel, cut to [0, 1]: the smaller, the
    more the colour tells. Inputs (n, 3, 14, 14) uint8; groups "aligned" and "conflicting", of which training has none.
    Learned by three layers of 100, SGD at 0.01 with momentum 0.9 and weight decay, batches of 128. Source: Kim et al.
    2019, with our colours and network.
    """
    if variance < 0:
        raise UsageError(f"variance={variance:g} is none.", do="give a number from 0")
    learned, held = (small(part) for part in drawn("mnist", train, test, seed))
    random = generator(seed, "coloured_mnist_varied")
    return Task(
        tinted(learned, learned.targets, variance, random),
        tinted(held, random.integers(0, CLASSES, len(held)), variance, random),
        network=perceptron(100, 100, 100),
        recipe=Recipe(epochs=20, batch=128, lr=0.01, weight_decay=5e-4, clip=0.0, schedule="constant"),
        name="coloured_mnist_varied",
        class_names=mnist.FILES.class_names,
    )


def tinted(part: Examples, hues: np.ndarray, variance: float, random: np.random.Generator) -> Examples:
    """The grey pictures (n, 1, h, w) in colours around the hues (n,) of classes."""
    colours = np.clip(MEANS[hues] + np.sqrt(variance) * random.standard_normal((len(part), 3)), 0, 1)
    inputs = np.rint(part.inputs * colours[:, :, None, None]).astype(np.uint8)
    return replace(part, inputs=inputs, groups=np.where(hues == part.targets, "aligned", "conflicting"))
