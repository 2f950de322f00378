"""Features of which one is simple and the others are not, though each says the class: what a network prefers is seen.

Source: Shah et al. (2020), section 3.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.recipe import Recipe
from byheart.data.task import Task

# of the slabs of a class, from left to right: chosen so that both classes have the same variance
SHARES = {
    5: ((1 / 8, 3 / 4, 1 / 8), (1 / 2, 1 / 2)),
    7: ((1 / 16, 7 / 16, 7 / 16, 1 / 16), (1 / 4, 1 / 2, 1 / 4)),
}


@register("task", "slabs")
def slabs(
    seed: int = 0, train: int = 20_000, test: int = 10_000, features: int = 20, linear: int = 1, slabs: int = 5,
    noise: float = 0.0, margin: float = 0.1,
) -> Task:  # fmt: skip
    """Two classes and `features` in [-1, 1] that each say the class: `linear` of them by their sign, the others by
    which of `slabs` intervals they are in, whose classes alternate (LMS-k; with linear=0, MS-k).

    Between two intervals is a gap of twice the `margin`. A share `noise` of the examples has linear features inside the
    gap, where they say nothing. Half of `test` becomes the validation part. Learned by two hidden layers of 200.
    Source: Shah et al. 2020.
    """
    if not 0 <= linear <= features or features < 1:
        raise UsageError(f"{linear} of {features} features cannot be linear.", do="give linear from 0 to features")
    if not 0 <= noise <= 1 or not 0 <= margin < 1:
        raise UsageError(f"noise={noise:g}, margin={margin:g} make no such task.", do="give numbers from 0 to below 1")
    parts = []
    for part, n in (("train", train), ("test", test)):
        random = generator(seed, "slabs", part)
        labels = random.integers(0, 2, n)
        blurred = random.random(n) < noise
        columns = [linear_feature(labels, blurred, margin, random) for _ in range(linear)]
        columns += [slab_feature(labels, slabs, margin, random) for _ in range(features - linear)]
        parts.append(Examples(np.stack(columns, 1).astype(np.float32), labels))
    names = (*(f"linear {k}" for k in range(linear)), *(f"slabs {k}" for k in range(features - linear)))
    return Task(
        *parts,
        network=perceptron(200, 200),
        recipe=Recipe(epochs=20, batch=256, lr=0.1),
        name="slabs",
        class_names=("0", "1"),
        feature_names=names,
        scaling="none",
    )


def linear_feature(
    labels: Int[np.ndarray, "n"], blurred: Bool[np.ndarray, "n"], margin: float, random: np.random.Generator
) -> Float[np.ndarray, "n"]:
    """Uniform in [-1, -margin] for class 0 and in [margin, 1] for class 1; uniform between for the `blurred`."""
    far = (2 * labels - 1) * random.uniform(margin, 1, len(labels))
    return np.where(blurred, random.uniform(-margin, margin, len(labels)), far)


def slab_feature(
    labels: Int[np.ndarray, "n"], slabs: int, margin: float, random: np.random.Generator
) -> Float[np.ndarray, "n"]:
    """Uniform in a slab of the label's class: of `slabs` equal intervals in [-1, 1] with gaps of twice the margin, the
    first is of class 0, the next of class 1, and so on.

    Each slab of a class is as likely as the others, but for 5 and 7 slabs, where the classes have equal variances.
    Errors: UsageError where so many do not fit.
    """
    width = 2 * (1 - (slabs - 1) * margin) / slabs
    if slabs < 2 or width <= 0:
        raise UsageError(
            f"{slabs} slabs with a margin of {margin:g} do not fit into [-1, 1].", do="give 2 or more, a smaller margin"
        )
    own = [np.arange(label, slabs, 2) for label in (0, 1)]
    shares = SHARES.get(slabs, tuple(np.full(len(of), 1 / len(of)) for of in own))
    chosen = [random.choice(of, len(labels), p=share) for of, share in zip(own, shares, strict=True)]
    slab = np.where(labels == 1, chosen[1], chosen[0])
    return -1 + slab * (width + 2 * margin) + random.uniform(0, width, len(labels))
