"""Clean pictures and a network that is held back: little is memorized."""

from byheart.base.registry import register
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn, names_of, small
from byheart.data.recipe import Recipe
from byheart.data.task import Task


@register("task", "regular")
def regular(
    seed: int = 0,
    data: str = "digits",
    train: int = 1_000,
    test: int = 780,
    dropout: float = 0.5,
    weight_decay: float = 1e-3,
) -> Task:
    """Pictures as they are, learned by one hidden layer of 256 under dropout and weight decay ("none").

    The `data` are digits, mnist or fashion_mnist, at most 14 x 14.
    """
    learned, held = (small(part) for part in drawn(data, train, test, seed))
    return Task(
        learned,
        held,
        network=perceptron(256, dropout=dropout),
        recipe=Recipe(weight_decay=weight_decay),
        name="regular",
        class_names=names_of(data),
    )
