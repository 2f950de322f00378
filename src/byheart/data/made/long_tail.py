"""A long tail: clean examples of rare kinds, which a network can only know by heart."""

import numpy as np

from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn_by_class, names_of, small
from byheart.data.made.zipf import zipf_counts
from byheart.data.task import Task

SUPERCLASSES = ("A", "B")
RARE = 0.5  # kinds with less than this part of an equal share of the training examples


@register("task", "long_tail")
def long_tail(
    seed: int = 0,
    data: str = "digits",
    train: int = 240,
    test: int = 500,
    exponent: float = 1.5,
    held_out_exponent: float = 0.0,
) -> Task:
    """Two superclasses of five kinds each, whose frequencies in training fall by Zipf's law: what is memorized about
    the rare kinds is worth keeping ("good").

    Kinds are the ten classes of `data` (digits, mnist, fashion_mnist; at most 14 x 14), ranked by the seed; ranks go to
    the superclasses in the order A B B A. Held out they follow an exponent of their own, 0: all alike. Groups: the
    kinds, in every part; truth: rare, kinds with less than half of an equal share. Learned by one hidden layer of 256.
    Source: the long tail of Feldman 2020.
    """  # fmt: skip
    names = names_of(data)
    kinds = len(names)
    ranked = generator(seed, "long_tail").permutation(kinds)  # kind of each rank
    rank = np.argsort(ranked)  # rank of each kind
    counts = zipf_counts(train, kinds, exponent)[rank]
    parts = drawn_by_class(data, counts, zipf_counts(test, kinds, held_out_exponent)[rank], seed)
    above = np.array([0, 1, 1, 0])[rank % 4]  # superclass of each kind

    def grouped(part: Examples) -> Examples:
        return Examples(part.inputs, above[part.targets], part.ids, np.array(names)[part.targets])

    rare = counts < RARE * train / kinds
    return Task(
        *(grouped(small(part)) for part in parts),
        network=perceptron(256),
        name="long_tail",
        class_names=SUPERCLASSES,
        truth={"rare": rare[parts[0].targets]},
    )
