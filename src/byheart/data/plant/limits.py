"""What may be planted where: shares, counts, kinds of task."""

from byheart.base.errors import UsageError
from byheart.data.task import Task


def share(name: str, amount: float, n: int) -> int:
    """How many of `n` rows a share in (0, 1] is; UsageError outside, or when it rounds to none."""
    if not 0 < amount <= 1:
        raise UsageError(f"{name}={amount:g} is no share.", do="give a number above 0 and at most 1")
    if round(amount * n) < 1:
        raise UsageError(f"{name}={amount:g} of {n} training examples is none.", do=f"give at least {1 / n:.2g}")
    return round(amount * n)


def count(name: str, amount: float, most: int) -> int:
    """A whole number from 1 to `most`; UsageError otherwise."""
    if not 1 <= amount <= most or amount != int(amount):
        raise UsageError(f"{name}={amount:g} cannot be planted.", do=f"give a whole number from 1 to {most}")
    return int(amount)


def classes(name: str, task: Task) -> int:
    """The number of classes; UsageError for regression."""
    if not task.classes:
        raise UsageError(f"{name} needs classes, and {task.name} is a regression task.", do="plant something else")
    return task.classes


def images(name: str, task: Task) -> tuple[int, int, int]:
    """(channels, height, width); UsageError unless inputs are images of 1 or 3 channels."""
    shape = task.train.inputs.shape[1:]
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise UsageError(
            f"{name} needs images of 1 or 3 channels, and the inputs of {task.name} have shape {shape}.",
            do="plant something else",
        )
    return shape
