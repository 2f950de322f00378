"""Planting by name, in the order written."""

from collections import Counter

from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.base.seeds import generator
from byheart.data.amounts import named_amounts
from byheart.data.task import Task


def plant(task: Task, what: str, seed: int = 0) -> Task:
    """The task with `what` planted ("label-noise=0.1,duplicates=20", applied from left to right) and the truth noted.

    What is drawn depends on the seed, the name and how often that name came before, not on what else is planted.
    Errors: UsageError for unknown names, amounts out of range and kinds of task to which it does not apply.
    """
    seen: Counter[str] = Counter()
    for name, amount in named_amounts("plant", what):
        if amount is None:
            raise UsageError(f"How much {name} to plant is not said.", do=f"write {name}=AMOUNT")
        if task.aside is not None:
            raise UsageError(
                f"{name} is to be planted after canaries that were left out by a coin.",
                "It would change those that are in, and not those that are out.",
                "name coin-canaries last, and once",
            )
        task = find("plant", name)(task, amount, generator(seed, "plant", name, seen[name]))
        seen[name] += 1
    return task
