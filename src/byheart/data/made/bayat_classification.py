"""Toy classification: a shortcut that is easier than the rule, and noise by which its exceptions can be memorized."""

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task

SPREAD = 0.12  # deviation of the two features around their sign
SPURIOUS = 5.0  # by this factor the spurious feature is larger, so that it is learned first
HELD_OUT = 0.5  # share of the held-out examples whose spurious feature misleads
EPOCHS = 1_000


@register("task", "bayat_classification")
def bayat_classification(
    seed: int = 0,
    train: int = 1_000,
    test: int = 1_000,
    features: int = 1_800,
    noise: float = 0.5,
    misleading: float = 0.1,
) -> Task:
    """Two classes: feature 0 says the class, feature 1 is 5 times as large and says it in all but a share `misleading`
    of the training examples and in half of the held-out ones; the others are noise of deviation `noise`.

    With s = 1 - 2 y: x_0 = s (1 + 0.12 N), x_1 = 5 s (+-1 + 0.12 N), x_j = noise N. Groups: "majority" where features 0
    and 1 agree in sign, "minority" where not; truth: minority. Validation is as large as test and of its law. Learned
    by a linear map, full-batch gradient descent, 1,000 epochs at 0.03 without noise and at 0.01 with it. Source: Bayat
    et al. 2024, figure 1.
    """
    if features < 2 or noise < 0 or not 0 <= misleading <= 1:
        raise UsageError(
            f"features={features}, noise={noise:g}, misleading={misleading:g} make no such task.",
            do="give 2 features or more, noise from 0, and a share",
        )
    sizes = {"train": train, "validation": test, "test": test}
    parts, minority = {}, {}
    for part, n in sizes.items():
        random = generator(seed, "bayat_classification", part)
        parts[part], minority[part] = drawn(n, features, noise, misleading if part == "train" else HELD_OUT, random)
    return Task(
        **parts,
        network="linear",
        recipe=Recipe(epochs=EPOCHS, batch=train, lr=0.01 if noise else 0.03, momentum=0.0, clip=0.0,
                      schedule="constant"),
        name="bayat_classification",
        class_names=("0", "1"),
        feature_names=("core", "spurious", *(f"noise {k}" for k in range(2, features))),
        truth={"minority": minority["train"]},
        scaling="none",
    )  # fmt: skip


def drawn(
    n: int, features: int, noise: float, flipped: float, random: np.random.Generator
) -> tuple[Examples, np.ndarray]:
    """`n` examples with float32 inputs (n, features), and which of them (n,) have the misleading spurious feature."""
    labels = random.integers(0, 2, n)
    signs = 1.0 - 2.0 * labels
    minority = random.random(n) < flipped
    inputs = np.empty((n, features), np.float32)
    inputs[:, 0] = signs * (1 + SPREAD * random.standard_normal(n))
    inputs[:, 1] = SPURIOUS * signs * (np.where(minority, -1.0, 1.0) + SPREAD * random.standard_normal(n))
    inputs[:, 2:] = noise * random.standard_normal((n, features - 2), np.float32)
    return Examples(inputs, labels, np.arange(n), np.where(minority, "minority", "majority")), minority
