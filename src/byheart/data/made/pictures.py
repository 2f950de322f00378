"""Pictures of ten classes to make tasks from: digits at 8 x 8, MNIST and Fashion-MNIST at 28 x 28 or halved."""

from dataclasses import replace
from functools import cache

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.data.builtin import digits, fashion_mnist, mnist
from byheart.data.examples import Examples

FILES = {"mnist": mnist.FILES, "fashion_mnist": fashion_mnist.FILES}
NAMES = {"digits": mnist.FILES.class_names, **{name: files.class_names for name, files in FILES.items()}}


def names_of(data: str) -> tuple[str, ...]:
    """The names of the ten classes; UsageError for pictures that there are not."""
    if data not in NAMES:
        raise UsageError(f"There are no pictures called {data!r}.", do=f"choose one of: {', '.join(NAMES)}")
    return NAMES[data]


def drawn(data: str, train: int, held_out: int, seed: int) -> tuple[Examples, Examples]:
    """So many random pictures (n, 1, h, w) uint8 to train on and, of those not among them, to hold out.

    Held-out pictures of MNIST and Fashion-MNIST are of the official test part. The id of a picture is its position in
    the official file, or in scikit-learn's order. Errors: UsageError for more than there are.
    """
    learned, held, order, other = shuffled(data, seed)
    rows = first(other, held_out, f"{data} has")
    left = order[held_out:] if learned is held else order
    return learned.take(first(left, train, f"{data} has")), held.take(rows)


def drawn_by_class(data: str, train: np.ndarray, held_out: np.ndarray, seed: int) -> tuple[Examples, Examples]:
    """Random pictures, so many (10,) of each class, to train on and to hold out; else as `drawn`."""
    learned, held, order, other = shuffled(data, seed)
    to_train, to_hold = [], []
    for label, name in enumerate(NAMES[data]):
        own, others = order[learned.targets[order] == label], other[held.targets[other] == label]
        to_hold.append(first(others, int(held_out[label]), f"class {name} of {data} has"))
        left = own[held_out[label] :] if learned is held else own
        to_train.append(first(left, int(train[label]), f"class {name} of {data} has"))
    return learned.take(np.sort(np.concatenate(to_train))), held.take(np.sort(np.concatenate(to_hold)))


def shuffled(data: str, seed: int) -> tuple[Examples, Examples, np.ndarray, np.ndarray]:
    """All pictures to train on, all to hold out (the same object where there is no official test part), and a random
    order of each.
    """
    names_of(data)
    if data == "digits":
        whole = whole_digits()
        order = generator(seed, "pictures", data).permutation(len(whole))
        return whole, whole, order, order
    parts = [official(data, part) for part in ("train", "t10k")]
    orders = [generator(seed, "pictures", data, k).permutation(len(part)) for k, part in enumerate(parts)]
    return parts[0], parts[1], orders[0], orders[1]


@cache
def official(data: str, part: str) -> Examples:
    """A part of MNIST or Fashion-MNIST, "train" or "t10k", read once."""
    return FILES[data].part(part, None)


@cache
def whole_digits() -> Examples:
    """All 1,797 digits, in scikit-learn's order."""
    task = digits.digits()
    parts = (task.train, task.validation, task.test)
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "targets", "ids"))
    whole = Examples(*columns)
    return whole.take(np.argsort(whole.ids))


def first(order: np.ndarray, wanted: int, whose: str) -> np.ndarray:
    """The first `wanted` of the rows in `order`, sorted; UsageError when there are not so many."""
    if not 0 <= wanted <= len(order):
        raise UsageError(f"{whose} {len(order):,} pictures for this, not {wanted:,}.", do="ask for fewer")
    return np.sort(order[:wanted])


def small(part: Examples) -> Examples:
    """The same pictures, halved where they are 28 x 28."""
    return replace(part, inputs=halved(part.inputs)) if part.inputs.shape[-1] == 28 else part


def halved(images: np.ndarray) -> np.ndarray:
    """Images (n, c, h, w) at half the size: every second pixel of every second line (Arjovsky et al. 2019)."""
    return np.ascontiguousarray(images[:, :, ::2, ::2])
