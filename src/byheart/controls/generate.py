"""generate: new training examples from old ones, by mixing two, between neighbours, or with noise.

Every new example is a row of the plan: its id, what it is made `from` and `with`, and in which `share`. So it is the
same whatever else is done, and one that is not wanted can be deleted from the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int, Shaped

from byheart.base.errors import DataError, UsageError
from byheart.base.seeds import generator
from byheart.controls.action import AGAIN, a_number, a_table, action, an_id, counted, keys, unique, whole
from byheart.controls.deduplicate import id_or_none
from byheart.controls.rows import Id, extended, plain, rows_of_ids
from byheart.data.plant.rows import new_ids
from byheart.data.task import Task

KINDS = ("mixup", "smote", "noise")
NEIGHBOURS = 5  # Chawla et al. 2002
ALPHA = 0.2  # of the Beta distribution, Zhang et al. 2018
REDRAWN = 50  # times at most that a share which makes a copy is drawn anew
DEVIATION = 0.1  # of the noise, in deviations of the column (images: of all pixels)


def between(
    first: Float[np.ndarray, "k *rest"], second: Float[np.ndarray, "k *rest"], share: Float[np.ndarray, "k"]
) -> Float[np.ndarray, "k *rest"]:
    """The mixture (k, ...): share * first + (1 - share) * second."""
    share = share.reshape(-1, *(1,) * (first.ndim - 1))
    return share * first + (1 - share) * second


def neighbours(
    inputs: Shaped[np.ndarray, "n *rest"], targets: Shaped[np.ndarray, "n"], row: int, alike: bool
) -> Int[np.ndarray, "k"]:
    """The rows (at most 5) nearest to one row in Euclidean distance, `alike` only those with its label; itself left
    out.
    """
    rows = np.flatnonzero(targets == targets[row]) if alike else np.arange(len(targets))
    rows = rows[rows != row]
    flat = inputs.reshape(len(inputs), -1)[rows].astype(np.float64)
    distance = np.square(flat - inputs[row].reshape(1, -1)).sum(1)
    return rows[np.argsort(distance, kind="stable")[:NEIGHBOURS]]


@action
@dataclass(frozen=True)
class Generate:
    """Adds new examples `ids`, made of `sources` and `partners` (None for noise) in `shares`; labels are the sources'.

    "mixup": share * source + (1 - share) * any other example, the share from Beta(.2, .2), at least a half. "smote":
    the same with one of the five nearest examples of the same label, the share uniform (for regression one of the five
    nearest; there targets are mixed too). "noise": source + (1 - share) * normal deviates of the column's deviation.
    Values stay in the range and type of the training inputs.
    """

    kind: str
    ids: tuple[Id, ...]
    sources: tuple[Id, ...]
    partners: tuple[Id | None, ...]
    shares: tuple[float, ...]
    seed: int = 0
    reason: str = ""
    name: ClassVar[str] = "generate"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(
                f"There is no way to generate called {self.kind!r}.", do=f"choose one of: {', '.join(KINDS)}"
            )
        unique(self.name, self.ids)
        if not len(self.ids) == len(self.sources) == len(self.partners) == len(self.shares):
            raise UsageError(
                f"generate: ids, sources, partners and shares are of different numbers ({len(self.ids)} ids)."
            )
        if self.kind != "noise" and None in self.partners:
            raise UsageError(f"{self.kind} needs a partner for every new example.", do="name one under 'with'")
        if bad := [s for s in self.shares if not 0 <= s <= 1]:
            raise UsageError(f"share={bad[0]!r} is out of range.", do="give a number from 0 to 1")

    @property
    def says(self) -> str:
        """What it does."""
        return f"add {counted(len(self.ids), 'new example')} by {self.kind}"

    def apply(self, task: Task) -> Task:
        """The task with the new examples at its end; UsageError when an id is there already, or a source is not."""
        known = set(task.train.ids.tolist())
        if there := [i for i in self.ids if i in known]:
            raise UsageError(f"The id {there[0]!r} is there already.", AGAIN, "give the new examples ids of their own")
        if any(isinstance(i, str) != (task.train.ids.dtype.kind == "U") for i in self.ids):
            raise UsageError(
                "New ids and the task's are of different kinds.", do="give whole numbers, or texts, to all"
            )
        train, rows = task.train, rows_of_ids(task, self.sources)
        first, share = train.inputs[rows].astype(np.float64), np.array(self.shares)
        targets = train.targets[rows]
        if self.kind == "noise":
            inputs = first + between(np.zeros_like(first), self.deviates(task), share)
        else:
            others = rows_of_ids(task, [i for i in self.partners if i is not None])
            inputs = between(first, train.inputs[others].astype(np.float64), share)
            if not task.is_classification:
                targets = between(targets.astype(np.float64), train.targets[others].astype(np.float64), share)
        return extended(task, fitted(inputs, train.inputs), targets, self.ids, rows)

    def deviates(self, task: Task) -> np.ndarray:
        """Normal deviates (k, ...) at the scale of the columns, each drawn for its id alone; columns of two values keep
        theirs.
        """
        x = task.train.inputs
        many = np.array([len(np.unique(column)) > 2 for column in x.T]) if x.ndim == 2 else True
        scale = (x.std(0, dtype=np.float64) if x.ndim == 2 else x.std(dtype=np.float64)) * many
        return np.stack([generator(self.seed, "noise", str(i)).normal(size=x.shape[1:]) for i in self.ids]) * scale

    def entry(self) -> dict[str, Any]:
        """What the file says of it."""
        rows = zip(self.ids, self.sources, self.partners, self.shares, strict=True)
        made = [{"id": i, "from": a, "with": b, "share": s} for i, a, b, s in rows]
        return {"kind": self.kind, "seed": self.seed, "examples": made}

    @classmethod
    def read(cls, entry: Mapping[str, Any], reason: str) -> Generate:
        """From what the file says."""
        kind, seed, examples = keys(entry, "kind", "seed", "examples")
        columns = {"id": an_id, "from": an_id, "with": id_or_none, "share": lambda value: a_number(value, "'share'")}
        if not isinstance(kind, str):
            raise DataError(f"'kind' is {kind!r}.", do=f"choose one of: {', '.join(KINDS)}")
        return cls(kind, *a_table(examples, "'examples'", columns), seed=whole(seed, "'seed'"), reason=reason)


def fitted(inputs: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Inputs cut to the range of each column (images: of all pixels), whole numbers where those are."""
    axis = None if like.ndim > 2 else 0
    inputs = np.clip(inputs, like.min(axis), like.max(axis))
    return (np.rint(inputs) if like.dtype.kind in "biu" else inputs).astype(like.dtype)


def uncopied(
    task: Task, kind: str, sources: Int[np.ndarray, "k"], partners: Int[np.ndarray, "k"],
    shares: Float[np.ndarray, "k"], random: np.random.Generator,
) -> Float[np.ndarray, "k"]:  # fmt: skip
    """The shares (k,), those drawn anew with which a mixture is one of the two it is made of, byte for byte.

    A share near 1 makes a copy where values are whole numbers; mixup draws such shares often. Two equal examples have
    no other mixture.
    """
    first, second, shares = task.train.inputs[sources], task.train.inputs[partners], shares.copy()
    for _ in range(REDRAWN):
        made = fitted(between(first.astype(np.float64), second.astype(np.float64), shares), task.train.inputs)
        same = [(made == parent).reshape(len(made), -1).all(1) for parent in (first, second)]
        copied = np.flatnonzero(same[0] | same[1])
        if not len(copied):
            break
        again = random.random(len(copied)) if kind == "smote" else random.beta(ALPHA, ALPHA, len(copied))
        shares[copied] = np.maximum(again, 1 - again) if kind == "mixup" else again
    return shares


def drawn(task: Task, kind: str, rows: Int[np.ndarray, "k"], count: int, seed: int, reason: str) -> Generate:
    """`count` new examples from training rows, taken in turn, with partners and shares drawn from `seed`."""
    if kind not in KINDS:
        raise UsageError(f"There is no way to generate called {kind!r}.", do=f"choose one of: {', '.join(KINDS)}")
    if not len(rows) or count < 1:
        raise UsageError(
            f"{count} new examples from {len(rows)} make nothing.", do="name sources, and how many to make"
        )
    random, train = generator(seed, "generate", kind), task.train
    sources = rows[np.arange(count) % len(rows)]
    partners: list[int | None] = []
    for row in sources.tolist():
        near = neighbours(train.inputs, train.targets, row, task.is_classification) if kind == "smote" else None
        if near is not None and not len(near):
            raise UsageError(
                f"The example {train.ids[row].item()!r} is the only one of its class.", do="use noise, or mixup"
            )
        other = int(random.choice(near)) if near is not None else int(random.integers(len(train) - 1))
        partners.append(None if kind == "noise" else other if near is not None else other + (other >= row))
    if kind == "noise":
        shares = np.full(count, 1 - DEVIATION)
    else:
        shares = random.random(count) if kind == "smote" else random.beta(ALPHA, ALPHA, count)
        shares = np.maximum(shares, 1 - shares) if kind == "mixup" else shares
        shares = uncopied(task, kind, sources, np.array(partners), shares, random)
    ids = plain(train.ids)
    return Generate(
        kind, plain(new_ids(task, kind, count)), tuple(ids[r] for r in sources),
        tuple(None if r is None else ids[r] for r in partners), tuple(shares.tolist()), seed, reason,
    )  # fmt: skip
