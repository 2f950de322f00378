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

    Kinds are the ten classes of `data` (digits, mnist, fashion_mnist; at most 14 x 14), ranked by the seed; each goes
    to the superclass of which the more frequent kind that looks most like it is no part. Held out they follow an
    exponent of their own, 0: all alike. Groups: the kinds, in every part; truth: rare, kinds with less than half of an
    equal share. Learned by one hidden layer of 256. Source: the long tail of Feldman 2020.
    """
    names = names_of(data)
    kinds = len(names)
    ranked = generator(seed, "long_tail").permutation(kinds)  # kind of each rank
    rank = np.argsort(ranked)  # rank of each kind
    counts = zipf_counts(train, kinds, exponent)[rank]
    parts = drawn_by_class(data, counts, zipf_counts(test, kinds, held_out_exponent)[rank], seed)
    above = superclasses(ranked, means(parts, kinds))

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


def means(parts: tuple[Examples, Examples], kinds: int) -> np.ndarray:
    """The mean picture (kinds, pixels) of each kind, of all that were drawn."""
    inputs = np.concatenate([part.inputs for part in parts]).astype(np.float64)
    targets = np.concatenate([part.targets for part in parts])
    return np.stack([inputs[targets == kind].mean(0).ravel() for kind in range(kinds)])


def superclasses(ranked: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The superclass (kinds,), 0 or 1, of each kind, half of the kinds in each.

    From the most frequent kind on, each goes where the nearest kind before it is not, as long as there is room: so a
    rare kind looks like a frequent one with the other answer, and nothing but knowing it by heart tells them apart.
    """
    above = np.full(len(ranked), -1)
    above[ranked[0]] = 0
    for place, kind in enumerate(ranked[1:], 1):
        before = ranked[:place]
        nearest = before[np.square(centres[before] - centres[kind]).sum(1).argmin()]
        wanted = 1 - above[nearest]
        above[kind] = wanted if (above == wanted).sum() < len(ranked) // 2 else 1 - wanted
    return above
