"""Addition modulo a number, of which a part is learned: known by heart long before it is understood."""

from functools import partial
from itertools import product

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task

EPOCHS = 1_000


@register("task", "modular_addition")
def modular_addition(seed: int = 0, modulus: int = 59, share: float = 0.5, weight_decay: float = 1.0) -> Task:
    """Pairs of tokens a and b with the class a + b modulo `modulus`: of all modulus squared pairs a random `share` to
    train on, the others held out.

    The answers to train on are memorized in some 25 epochs; with weight decay the rule is found much later (grokking).
    Learned by vectors of 128 for the tokens and one hidden layer of 256, all pairs in one batch, AdamW at 0.01. Ids:
    a * modulus + b. Source: Power et al. 2022; Nanda et al. 2023.
    """
    if modulus < 3 or not 0 < share < 1:
        raise UsageError(
            f"modulus={modulus}, share={share:g} make no such task.", do="give a modulus from 3 and a share inside 0, 1"
        )
    pairs = np.array(list(product(range(modulus), repeat=2)), np.float32)
    whole = Examples(pairs, pairs.sum(1).astype(np.int64) % modulus)
    order = generator(seed, "modular_addition").permutation(len(whole))
    train = round(share * len(whole))
    return Task(
        whole.take(order[:train]),
        whole.take(order[train:]),
        network=network(modulus),
        recipe=Recipe(epochs=EPOCHS, batch=train, optimizer="adamw", lr=0.01, weight_decay=weight_decay, clip=0.0,
                      schedule="constant"),
        name="modular_addition",
        classes=modulus,
        feature_names=("a", "b"),
        scaling="none",
    )  # fmt: skip


def network(modulus: int) -> partial:
    """What makes the network."""
    from byheart.models.embedded import embedded_mlp

    return partial(embedded_mlp, vocabulary=modulus)
