"""Examples: inputs, targets and ids that travel together, as read-only arrays, from whatever holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import DataError

if TYPE_CHECKING:
    Filled = np.ndarray  # may be left out; it is an array from then on
else:
    Filled = Any

READ_TWICE = 32
LONGEST = 500  # characters of a label, id or group: NumPy gives each row the width of the longest


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs (n, ...), targets (n,), ids (n,) and, optionally, groups (n,).

    Images are (n, channels, height, width), best as uint8; tables are (n, features). Integer or text targets mean
    classes, float targets mean regression. Ids are whole numbers or text and unique. Errors: DataError for what cannot
    be learned from.
    """

    inputs: np.ndarray
    targets: np.ndarray
    ids: Filled = None  # type: ignore[assignment]  # None: the position
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        inputs, targets = as_array(self.inputs), as_array(self.targets)
        n = len(inputs) if inputs.ndim else 0
        ids = np.arange(n) if self.ids is None else as_array(self.ids)
        groups = None if self.groups is None else as_text(as_array(self.groups), "group")
        if inputs.ndim < 2:
            raise DataError(
                f"Inputs have shape {inputs.shape}.", "One row per example is needed.", "give (examples, features)"
            )
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = targets[:, 0]
        if targets.ndim != 1:
            raise DataError(
                f"Targets have shape {targets.shape}: several per example.",
                "Multi-label tasks have no margin and no single answer to memorize.",
                "audit one label at a time: targets[:, k]",
            )
        for name, column in (("targets", targets), ("ids", ids), ("groups", groups)):
            if column is not None and column.shape != (n,):
                raise DataError(
                    f"There are {n} inputs but {name} of shape {column.shape}.", do=f"give one of {name} per input"
                )
        check_finite(inputs, "inputs")
        object.__setattr__(self, "inputs", frozen(inputs))
        object.__setattr__(self, "targets", frozen(clean_targets(targets)))
        object.__setattr__(self, "ids", frozen(clean_ids(ids)))
        object.__setattr__(self, "groups", None if groups is None else frozen(groups))

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: np.ndarray | Sequence[int]) -> Examples:
        """The examples at `rows`, in that order."""
        rows = np.asarray(rows)
        return Examples(
            self.inputs[rows], self.targets[rows], self.ids[rows], None if self.groups is None else self.groups[rows]
        )

    @classmethod
    def of(cls, source: Any, *, ids: Any = None, groups: Any = None) -> Examples:
        """Examples from Examples, an (inputs, targets[, ids]) tuple of tensors or arrays, or a map-style dataset.

        A dataset yields (input, target) or (input, target, id) and is read once. `ids` may be an array, "content" (a
        hash of each input) or None (position). Data frames: `byheart.data.frames`.
        """
        if isinstance(source, Examples):
            return source
        if hasattr(source, "columns"):
            raise DataError(
                "A data frame does not say which column is the target.",
                do='byheart.data.frames.task_of(train, test, target="...")',
            )
        if isinstance(source, tuple | list) and len(source) in (2, 3) and not hasattr(source, "__getitems__"):
            inputs, targets, *rest = source
            found = rest[0] if rest else None
        elif hasattr(source, "__getitem__") and hasattr(source, "__len__"):
            inputs, targets, found = read_dataset(source)
        else:
            raise DataError(
                f"{type(source).__name__} holds no examples that can be read.",
                do="give (inputs, targets), a data frame, or a dataset with len() and [i]",
            )
        if isinstance(ids, str):
            if ids != "content":
                raise DataError(f"ids={ids!r} is not known.", do='give an array, "content", or nothing (position)')
            found = content_ids(as_array(inputs))
        elif ids is not None:
            found = ids
        return cls(as_array(inputs), as_array(targets), found, groups)  # type: ignore[arg-type]


def as_array(values: Any) -> np.ndarray:
    """A NumPy array of a tensor, array, frame column or sequence, without copying where that is possible."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(
            "Examples of different shapes make no array.", f"({error})", "resize or pad them to one shape"
        ) from error


def frozen(array: np.ndarray) -> np.ndarray:
    """A view that nobody can write through."""
    view = array.view()
    view.flags.writeable = False
    return view


def check_finite(values: np.ndarray, name: str) -> None:
    """DataError unless all values are finite numbers."""
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"The {name} are {values.dtype}, not numbers.", do="encode them as numbers; frames do it for categories"
        )
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            kept = values.astype(np.float32, copy=False)  # the numbers that are trained on
        bad = ~np.isfinite(kept).all(tuple(range(1, values.ndim)))
        if bad.any():
            raise DataError(
                f"{bad.sum()} of {len(values)} examples have NaN or infinite {name} (first: row {bad.argmax()}).",
                do="fill or drop them before",
            )


def clean_targets(targets: np.ndarray) -> np.ndarray:
    """Targets (n,) as int64 classes, text classes or float32 values; DataError for missing ones."""
    if targets.dtype.kind == "O":
        missing = np.array([is_missing(t) for t in targets], bool)
        if missing.any():
            raise DataError(
                f"{missing.sum()} of {len(targets)} labels are missing (first: row {missing.argmax()}).",
                do="drop or label them before",
            )
        text = any(isinstance(t, str | bytes) for t in targets)
        targets = as_text(targets, "label") if text else as_array(targets.tolist())
    if targets.dtype.kind in "US":
        return as_text(targets, "label")
    if targets.dtype.kind in "biu" and targets.ndim == 1:
        return targets.astype(np.int64)
    if targets.dtype.kind == "f" and targets.ndim == 1:
        check_finite(targets, "labels")
        return targets.astype(np.float32)
    kind = str(targets.dtype) if targets.ndim == 1 else f"shape {targets.shape[1:]}"
    raise DataError(f"Labels of type {kind} cannot be read.", do="give integers, text or floats, one per example")


def is_missing(value: Any) -> bool:
    """Whether a label or id stands for nothing: None, NaN, pandas' NA."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # NA answers neither yes nor no; an array answers once per element
        return not hasattr(value, "__len__")


def as_text(values: np.ndarray, what: str) -> np.ndarray:
    """Values as text (n,), all as wide as the longest; DataError for one that is too long to be a name."""
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8", "backslashreplace")
    if values.dtype.kind != "O":
        return values.astype(str)
    texts = worded(values)
    longest = max(map(len, texts), default=0)
    if longest > LONGEST:
        raise DataError(
            f"A {what} has {longest:,} characters.", f"A {what} is a name of at most {LONGEST}.", f"give short {what}s"
        )
    return np.array(texts, dtype=str)


def clean_ids(ids: np.ndarray) -> np.ndarray:
    """Ids as int64 or text, without duplicates."""
    if ids.dtype.kind == "O":
        if any(is_missing(i) for i in ids):
            raise DataError("Some ids are missing.", do="give every example an id, or none (then position is used)")
        ids = as_text(ids, "id")
    if ids.dtype.kind not in "iuUS":
        raise DataError(f"Ids of type {ids.dtype} cannot be told apart for sure.", do="give whole numbers or text")
    ids = ids.astype(np.int64) if ids.dtype.kind in "iu" else as_text(ids, "id")
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        raise DataError(
            f"{(counts > 1).sum()} ids stand for several examples (first: {values[counts > 1][0].item()!r}).",
            "Results are kept by id.",
            "make ids unique; ids=None uses the position",
        )
    return ids


def worded(values: Iterable[Any]) -> list[str]:
    """Each value as text, bytes read as UTF-8."""
    return [v.decode("utf-8", "backslashreplace") if isinstance(v, bytes) else str(v) for v in values]


def content_ids(inputs: np.ndarray) -> np.ndarray:
    """A 16-digit hash of each input's bytes."""
    rows = np.ascontiguousarray(inputs).reshape(len(inputs), -1)
    return np.array([hashlib.sha256(row.tobytes()).hexdigest()[:16] for row in rows])


def read_dataset(dataset: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """All items of a map-style dataset, read once; the first 32 twice, to refuse random transforms."""
    n = len(dataset)
    if n == 0:
        raise DataError("The dataset is empty.", do="give at least two examples")
    items = [dataset[i] for i in range(n)]
    width = {len(item) if isinstance(item, tuple | list) else 0 for item in items[:READ_TWICE]}
    if width not in ({2}, {3}):
        raise DataError(
            "The dataset does not yield (input, target) or (input, target, id).", do="wrap it so that [i] does"
        )
    for i in range(min(n, READ_TWICE)):
        if not np.array_equal(as_array(items[i][0]), as_array(dataset[i][0])):
            raise DataError(
                f"Item {i} of the dataset differs when read twice.",
                "A random transform in the dataset would be frozen into one draw.",
                "take the transform out and name it in Task(augment=(...))",
            )
    columns = list(zip(*items, strict=True))
    shapes = {as_array(x).shape for x in columns[0]}
    if len(shapes) > 1:
        raise DataError(f"Inputs have different shapes: {sorted(shapes)[:3]}.", do="resize or pad them to one shape")
    inputs = np.stack([as_array(x) for x in columns[0]])
    targets = np.array([as_array(t).item() if as_array(t).ndim == 0 else as_array(t) for t in columns[1]])
    return inputs, targets, np.array([as_array(i).item() for i in columns[2]]) if len(columns) == 3 else None
