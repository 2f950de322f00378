"""A shortcut beside a core that is harder to see: the exceptions to the shortcut are learned by heart."""

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


@register("task", "shortcut_core")
def shortcut_core(
    seed: int = 0,
    data: str = "digits",
    train: int = 1_000,
    test: int = 780,
    cue: str = "colour",
    agree: float = 0.95,
    core_noise: float = 0.3,
) -> Task:
    """Pictures whose colour, or a bright patch, says the class in a share `agree` of them, in training and held out
    alike: the exceptions are memorized and the like of them fail ("bad").

    `cue` is colour or patch; pixels get noise of deviation `core_noise` times the range before. The `data` are digits,
    mnist or fashion_mnist, at most 14 x 14. Groups "aligned" and "conflicting" in every part; truth: conflicting.
    Learned by one hidden layer of 256.
    """
    if core_noise < 0:
        raise UsageError(f"core_noise={core_noise:g} is no deviation.", do="give a number from 0")
    learned, held = (small(part) for part in drawn(data, train, test, seed))
    inputs = np.concatenate([learned.inputs, held.inputs])
    inputs = with_noise(inputs, core_noise, generator(seed, "shortcut_core"))
    everything = Examples(inputs, np.concatenate([learned.targets, held.targets]))
    # all are planted into as training examples, so that the held-out ones are of the same law
    whole = Task(everything, everything.take(np.arange(2)), class_names=names_of(data))
    whole = plant(whole, f"shortcut-{cue}={agree}", seed)

    def shown(rows: slice, ids: np.ndarray) -> Examples:
        return replace(whole.train.take(np.arange(len(inputs))[rows]), ids=ids)

    return Task(
        shown(slice(train), learned.ids),
        shown(slice(train, None), held.ids),
        network=perceptron(256),
        name="shortcut_core",
        class_names=names_of(data),
        truth={"conflicting": whole.truth["conflicting"][:train]},
    )


def with_noise(images: np.ndarray, deviation: float, random: np.random.Generator) -> np.ndarray:
    """Images (n, c, h, w) uint8 with Gaussian noise of `deviation` times their largest value, cut to their range."""
    top = int(images.max())
    noise = deviation * top * random.standard_normal(images.shape, np.float32)
    return np.rint(np.clip(images + noise, 0, top)).astype(np.uint8)
