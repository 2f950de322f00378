"""Coloured MNIST with ten colours for ten digits."""

from dataclasses import replace

from byheart.base.registry import register
from byheart.data.builtin import mnist
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn
from byheart.data.plant import plant
from byheart.data.recipe import Recipe
from byheart.data.task import Task


@register("task", "coloured_mnist_ten")
def coloured_mnist_ten(seed: int = 0, train: int = 10_000, test: int = 10_000, agree: float = 0.98) -> Task:
    """Digits in ten colours: a share `agree` of the training digits has the colour of its class, the others that of
    another class; held out the colour is drawn from all ten, so that test accuracy is unbiased accuracy.

    Inputs (n, 3, 28, 28) uint8; groups "aligned" and "conflicting" in every part; truth: conflicting. Rows are drawn by
    the seed and keep their official positions as ids; a random half of the `test` held-out ones is for validation.
    Learned by three layers of 100, AdamW at 0.001, batches of 256, 100 epochs. Source: Nam et al. 2020, with our
    colours.
    """
    learned, held = drawn("mnist", train, test, seed)
    plain = Task(
        learned,
        held,
        network=perceptron(100, 100, 100),
        recipe=Recipe(epochs=100, batch=256, optimizer="adamw", lr=1e-3, clip=0.0, schedule="constant"),
        class_names=mnist.FILES.class_names,
    )
    return replace(plant(plain, f"shortcut-colour={agree}", seed), name="coloured_mnist_ten")
