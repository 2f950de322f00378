"""What an augmentation is, and how several are named and applied."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from jaxtyping import Float
from torch import Generator, Tensor

from byheart.base.errors import UsageError
from byheart.base.registry import find, register
from byheart.data.amounts import named_amounts

Change = Callable[[Tensor, Generator, float], Tensor]


@dataclass(frozen=True)
class Augmentation:
    """A random change of a batch of images, with an amount from `low` to `high`, `default` where none is said."""

    name: str
    change: Change
    meaning: str
    default: float | int
    low: float | int
    high: float | int
    whole: bool = False

    def __call__(
        self, inputs: Float[Tensor, "b c h w"], generator: Generator, amount: float | int | None = None
    ) -> Float[Tensor, "b c h w"]:
        """The changed batch; every image has draws of its own."""
        return self.change(inputs, generator, self.checked(amount))

    def checked(self, amount: float | int | None) -> float:
        """The amount, or the default; UsageError when it is out of range."""
        amount = self.default if amount is None else amount
        if not self.low <= amount <= self.high or (self.whole and amount != int(amount)):
            kind = "a whole number" if self.whole else "a number"
            raise UsageError(
                f"{self.name}={amount:g} is out of range ({self.meaning}).",
                do=f"give {kind} from {self.low:g} to {self.high:g}",
            )
        return float(amount)


def augmentation(
    name: str, meaning: str, *, default: float | int, low: float | int, high: float | int, whole: bool = False
) -> Callable[[Change], Augmentation]:
    """Register the decorated function as the augmentation `name`."""

    def put(change: Change) -> Augmentation:
        return register("augment", name)(Augmentation(name, change, meaning, default, low, high, whole))

    return put


@lru_cache
def parsed(names: tuple[str, ...]) -> tuple[tuple[Augmentation, float], ...]:
    """Augmentations with their amounts from ("flip", "translate=2"); UsageError for unknown names and amounts out of
    range.
    """
    found = []
    for text in names:
        for name, amount in named_amounts("augment", text):
            known: Augmentation = find("augment", name)
            found.append((known, known.checked(amount)))
    return tuple(found)


def augmented(inputs: Tensor, names: tuple[str, ...], generator: Generator) -> Tensor:
    """The batch (b, c, h, w), in the pixels' own scale, changed by each augmentation in turn. Errors: UsageError for
    what is no image.
    """
    changes = parsed(tuple(names))
    if changes and inputs.ndim != 4:
        raise UsageError(
            f"{', '.join(names)} changes images (channels, height, width).",
            f"The inputs have shape {tuple(inputs.shape[1:])}.",
            "leave augment out, or reshape the inputs into images",
        )
    for change, amount in changes:
        inputs = change(inputs, generator, amount)
    return inputs
