"""Random labels among the training examples: what is memorized of them is wrong."""

from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn, names_of, small
from byheart.data.plant import plant
from byheart.data.task import Task


@register("task", "noisy")
def noisy(
    seed: int = 0,
    data: str = "digits",
    train: int = 1_000,
    test: int = 780,
    noise: float = 0.2,
    held_out_noise: float = 0.0,
) -> Task:
    """Pictures of which a share `noise` has a label drawn from all ten classes alike, so that nine tenths of these are
    wrong: the network fits them and loses accuracy ("ugly").

    The `data` are digits, mnist or fashion_mnist, at most 14 x 14. Of the held-out labels a share `held_out_noise` is
    drawn likewise. truth: random_label, wrong, original. Learned by one hidden layer of 256.
    """
    if not 0 <= held_out_noise <= 1:
        raise UsageError(f"held_out_noise={held_out_noise:g} is no share.", do="give a number from 0 to 1")
    learned, held = (small(part) for part in drawn(data, train, test, seed))
    clean = Task(
        learned,
        relabelled(held, held_out_noise, len(names_of(data)), generator(seed, "noisy", "held out")),
        network=perceptron(256),
        name="noisy",
        class_names=names_of(data),
    )
    return plant(clean, f"random-labels={noise}", seed)


def relabelled(part: Examples, share: float, classes: int, random: np.random.Generator) -> Examples:
    """The examples with round(share * n) labels drawn anew from all classes alike."""
    rows = random.permutation(len(part))[: round(share * len(part))]
    targets = part.targets.copy()
    targets[rows] = random.integers(0, classes, len(rows))
    return replace(part, targets=targets)
