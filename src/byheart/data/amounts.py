"""The grammar "name=amount,name=amount" by which things are planted and augmented."""

import math

from byheart.base.errors import UsageError
from byheart.base.registry import find


def named_amounts(kind: str, text: str) -> list[tuple[str, float | None]]:
    """Names and amounts of "label-noise=0.1,duplicates=20"; no "=" means None. UsageError for what cannot be read."""
    found = []
    for part in (part.strip() for part in text.split(",")):
        name, equals, amount = (piece.strip() for piece in part.partition("="))
        if not name:
            raise UsageError(f"{text!r} names nothing to {kind}.", do=f'write {kind}s as "name=amount,name=amount"')
        find(kind, name)
        found.append((name, number(f"{name}={amount}", amount) if equals else None))
    return found


def number(what: str, text: str) -> float:
    """A finite number, or a UsageError that shows where it stood."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{what} has no number after the equals sign.", do="write, for example, name=0.1")
    return value
