"""Coloured MNIST: whether a digit is below 5, told by its shape and, in training, more often by its colour."""

from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn, halved
from byheart.data.recipe import Recipe
from byheart.data.task import Task

COLOURS = ("red", "green")  # the channel that holds the digit; colour k agrees with label k
STEPS = 1_200
BATCH = 64


@register("task", "coloured_mnist")
def coloured_mnist(
    seed: int = 0,
    train: int = 5_000,
    test: int = 10_000,
    agree: float = 0.95,
    held_out_agree: float = 0.5,
    noise: float = 0.0,
) -> Task:
    """Digits below 5 against the others, 14 x 14, red or green: the colour agrees with the label in a share `agree` of
    the training examples and in `held_out_agree` of the held-out ones.

    A share `noise` of the labels is turned, in every part, before the colour is chosen. Inputs (n, 2, 14, 14) uint8
    with the digit in the channel of its colour. Groups "y=0,red" ... in every part; truth: conflicting and, with noise,
    wrong and original. Rows of the official files are drawn by the seed, their ids are the positions there; a random
    half of the `test` held-out ones is for validation. Learned by 392-390-390-2, AdamW, about 1,200 steps. Source:
    Arjovsky et al. 2019; sizes of the network after Pezeshki et al. 2023.
    """
    shares = {"agree": agree, "held_out_agree": held_out_agree, "noise": noise}
    if bad := [f"{name}={share:g}" for name, share in shares.items() if not 0 <= share <= 1]:
        raise UsageError(f"{', '.join(bad)} is no share.", do="give numbers from 0 to 1")
    pictures = drawn("mnist", train, test, seed)
    random = generator(seed, "coloured_mnist")
    learned, truth = coloured(pictures[0], agree, noise, random)
    held, _ = coloured(pictures[1], held_out_agree, noise, random)
    epochs = max(1, round(STEPS / -(-train // BATCH)))
    return Task(
        train=learned,
        test=held,
        network=perceptron(390, 390),
        recipe=Recipe(epochs=epochs, batch=BATCH, optimizer="adamw", lr=1e-3, weight_decay=1e-4, clip=0.0,
                      schedule="constant"),
        name="coloured_mnist",
        class_names=("0-4", "5-9"),
        truth=truth if noise else {"conflicting": truth["conflicting"]},
    )  # fmt: skip


@register("task", "coloured_mnist_noisy")
def coloured_mnist_noisy(
    seed: int = 0,
    train: int = 10_000,
    test: int = 10_000,
    agree: float = 0.85,
    held_out_agree: float = 0.1,
    noise: float = 0.25,
) -> Task:
    """Coloured MNIST with a quarter of the labels turned and the colour misleading in nine of ten held-out examples, so
    that colour tells more than shape does in training.
    """
    made = coloured_mnist(seed, train, test, agree, held_out_agree, noise)
    return replace(made, name="coloured_mnist_noisy")


def coloured(
    digits: Examples, agree: float, noise: float, random: np.random.Generator
) -> tuple[Examples, dict[str, np.ndarray]]:
    """The digits in colour, and what is true of them: conflicting, wrong, original (n,)."""
    n = len(digits)
    original = (digits.targets >= 5).astype(np.int64)
    wrong = random.random(n) < noise
    labels = np.where(wrong, 1 - original, original)
    conflicting = random.random(n) >= agree
    colours = np.where(conflicting, 1 - labels, labels)
    shapes = halved(digits.inputs)
    inputs = np.zeros((n, len(COLOURS), *shapes.shape[2:]), np.uint8)
    inputs[np.arange(n), colours] = shapes[:, 0]
    groups = np.array([f"y={label},{COLOURS[colour]}" for label, colour in zip(labels, colours, strict=True)])
    truth = {"conflicting": conflicting, "wrong": wrong, "original": original}
    return Examples(inputs, labels, digits.ids, groups), truth
