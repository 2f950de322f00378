"""Parity: the class is whether the number of positive features is odd; of two features, exclusive or."""

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.recipe import Recipe
from byheart.data.task import Task


@register("task", "parity")
def parity(seed: int = 0, train: int = 500, test: int = 500, bits: int = 2, idle: int = 0, spread: float = 0.1) -> Task:
    """Two classes: class 1 where an odd number of the first `bits` features is positive; two bits are XOR.

    Features are -1 or 1, each sign as often as the other, plus noise of deviation `spread`, which is kept below 1 in
    size so that it turns no sign; `idle` more of them say nothing. No part of fewer than all bits says anything. Half
    of `test` becomes the validation part. Learned by one hidden layer of 64.
    """
    if bits < 1 or idle < 0 or spread < 0:
        raise UsageError(f"bits={bits}, idle={idle}, spread={spread:g} make no such task.", do="give bits from 1")
    parts = []
    for part, n in (("train", train), ("test", test)):
        random = generator(seed, "parity", part)
        signs = 2 * random.integers(0, 2, (n, bits + idle)) - 1
        noise = np.clip(spread * random.standard_normal(signs.shape), -0.9, 0.9)
        parts.append(Examples((signs + noise).astype(np.float32), (signs[:, :bits] > 0).sum(1) % 2))
    return Task(
        *parts,
        network=perceptron(64),
        recipe=Recipe(epochs=60, batch=32, lr=0.1, schedule="constant"),
        name="parity",
        class_names=("even", "odd"),
        feature_names=(*(f"bit {k}" for k in range(bits)), *(f"idle {k}" for k in range(idle))),
        scaling="none",
    )
