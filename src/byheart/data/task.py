"""Task: what is learned (examples, held-out examples, network, recipe) and how a batch of it becomes a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from byheart.base.errors import ByheartError, DataError, TrainingFailed, UsageError, where
from byheart.base.registry import find
from byheart.base.seeds import generator as random_of
from byheart.base.store import digest
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.source import Origin, code_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    Readable = Split = Examples  # looser when given: anything that Examples.of reads, or None
    Count = int
else:
    Readable = Split = Count = Any

SCALINGS = ("standard", "none")
CHUNK = 4096
FEW_VALUES = 20  # whole-number float targets with at most so many values are taken for classes by mistake


class Batch(NamedTuple):
    """Some examples as tensors: ids and rows (b,) as arrays, inputs (b, ...) standardized float32, targets (b,)."""

    ids: np.ndarray
    rows: np.ndarray
    inputs: Tensor
    targets: Tensor


@dataclass(frozen=True, eq=False)
class Task:
    """What is learned.

    `train`, `test` and `validation` may be anything that `Examples.of` reads. Without a validation set, a random half
    of the test rows becomes one: it chooses the turning epoch, and test rows only ever report. `classes` is counted
    from the labels (0: regression, from float targets). `network` is a registered name or a callable (input_shape,
    outputs) -> nn.Module, or without arguments. `scaling="standard"` gives features (for images: channels) and
    regression targets mean 0 and deviation 1 over the training set; "none" leaves both as they are. `truth` holds what
    was planted, by row; `aside` what is neither trained on nor reported: canaries that a coin left out. Errors:
    DataError.
    """

    train: Readable
    test: Readable
    network: str | Callable[..., nn.Module] = "mlp"
    recipe: Recipe = Recipe()
    validation: Split = None  # type: ignore[assignment]
    name: str = "task"
    classes: Count = None  # type: ignore[assignment]
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    truth: Mapping[str, np.ndarray] = field(default_factory=dict)
    augment: tuple[str, ...] = ()
    scaling: str = "standard"
    origin: Origin | None = None
    aside: Examples | None = None

    def __post_init__(self) -> None:
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731  (frozen, but built here)
        given = {"train": self.train, "test": self.test, "validation": self.validation}
        parts = {name: part_of(name, part) for name, part in given.items() if part is not None or name != "validation"}
        check_sizes(parts)
        check_network(self.network)
        if self.scaling not in SCALINGS:
            raise UsageError(
                f"There is no scaling called {self.scaling!r}.", do=f"choose one of: {', '.join(SCALINGS)}"
            )
        parts, names = with_classes(parts, self.class_names)
        put("class_names", names)
        put("classes", count_classes(parts, self.classes if self.classes is not None else len(names) or None))
        if names and len(names) != self.classes:
            raise DataError(
                f"There are {len(names)} class names for {self.classes} classes.", do="name every class once, in order"
            )
        if "validation" not in parts:
            order = random_of(0, "validation", len(parts["test"])).permutation(len(parts["test"]))
            half = len(order) // 2
            parts["validation"], parts["test"] = (parts["test"].take(np.sort(o)) for o in (order[:half], order[half:]))
        for name, part in parts.items():
            put(name, part)
        put("augment", (self.augment,) if isinstance(self.augment, str) else tuple(self.augment))
        put("truth", MappingProxyType({name: np.asarray(mask) for name, mask in self.truth.items()}))
        for name, mask in self.truth.items():
            if len(mask) != len(self.train):
                raise DataError(f"truth[{name!r}] has {len(mask)} rows for {len(self.train)} examples.")

    @property
    def is_classification(self) -> bool:
        """Whether targets are classes."""
        return bool(self.classes)

    @property
    def outputs(self) -> int:
        """How many numbers the network gives per example."""
        return self.classes or 1

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.train.inputs.shape[1:]

    @cached_property
    def held_out(self) -> Examples:
        """Validation examples, then test examples: the columns of every matrix after the training examples."""
        a, b = self.validation, self.test
        groups = None if a.groups is None or b.groups is None else np.concatenate([a.groups, b.groups])
        ids = [f"{name}:{i}" for name, part in (("validation", a), ("test", b)) for i in part.ids]
        inputs, targets, own = (np.concatenate([getattr(a, n), getattr(b, n)]) for n in ("inputs", "targets", "ids"))
        shared = len(np.unique(own)) < len(own)  # two parts numbered by position
        return Examples(inputs, targets, np.array(ids) if shared else own, groups)

    @cached_property
    def scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation that inputs are standardized with, shaped to broadcast over one input."""
        x = self.train.inputs
        shape = (x.shape[1], *(1,) * (x.ndim - 2)) if x.ndim > 2 else x.shape[1:]
        axes = (0, *range(2, x.ndim)) if x.ndim > 2 else 0
        if self.scaling == "none":
            return np.zeros(shape, np.float32), np.ones(shape, np.float32)
        mean = x.mean(axes, dtype=np.float64, keepdims=True)
        chunks = (x[i : i + CHUNK] for i in range(0, len(x), CHUNK))  # all at once would be a copy in float64
        variance = sum(np.square(chunk - mean).sum(axes) for chunk in chunks) * (mean.size / x.size)
        std = np.where(variance > 1e-16, np.sqrt(variance), 1.0)
        return mean.reshape(shape).astype(np.float32), std.reshape(shape).astype(np.float32)

    @cached_property
    def target_scale(self) -> tuple[float, float]:
        """What is taken from regression targets and what they are divided by before training: mean and deviation.

        Losses are given on that scale. (0, 1) for classes and with `scaling="none"`.
        """
        if self.is_classification or self.scaling == "none":
            return 0.0, 1.0
        y = self.train.targets.astype(np.float64)
        return float(y.mean()), float(y.std()) or 1.0

    def build(self) -> nn.Module:
        """A new network, initialized from torch's current seed; TrainingFailed when it does not fit the task."""
        import torch

        network = self._made()
        if next(network.parameters(), None) is None:
            raise TrainingFailed("The network has no parameters.", do="give one that can be trained")
        inputs, _ = self.tensors(self.train, np.arange(min(2, len(self.train))))
        was = network.training
        with torch.no_grad():
            try:
                found = tuple(network.eval()(inputs).shape)
            except Exception as error:
                raise TrainingFailed(
                    f"The network does not run on inputs of shape {self.input_shape}.",
                    f"({where(error)})",
                    "give a network for this shape: network(input_shape, outputs)",
                ) from error
        network.train(was)
        if found != (len(inputs), self.outputs):
            raise TrainingFailed(
                f"The network gives {found[1:]} numbers per example; {self.outputs} are needed.",
                f"The labels have {self.classes} classes." if self.classes else "Regression needs one output.",
                f"end the network with {self.outputs} outputs",
            )
        return network

    def _made(self) -> nn.Module:
        import inspect

        from torch import nn

        make = find("network", self.network) if isinstance(self.network, str) else self.network
        try:
            takes = any(p.default is p.empty for p in inspect.signature(make).parameters.values())
        except (TypeError, ValueError):
            takes = True
        try:
            network = make(self.input_shape, self.outputs) if takes else make()
        except ByheartError:
            raise
        except Exception as error:
            raise TrainingFailed(
                f"The network could not be made for inputs of shape {self.input_shape} and {self.outputs} outputs.",
                f"({where(error)})",
                "repair it: network(input_shape, outputs) returns an nn.Module",
            ) from error
        if not isinstance(network, nn.Module):
            raise TrainingFailed(
                f"The network's function returned {type(network).__name__}, not an nn.Module.", do="return the network"
            )
        return network

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss (b,) of each example: cross-entropy in nats, or the squared error in squared deviations."""
        from torch.nn import functional as F

        if self.is_classification:
            return F.cross_entropy(outputs, targets, reduction="none")
        return (outputs.squeeze(-1) - targets).square()

    def tensors(self, examples: Examples, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Standardized inputs (b, ...) and targets (b,) of some rows."""
        inputs, targets = self._pixels(examples, rows)
        return self.standardized(inputs), targets

    def standardized(self, inputs: Tensor) -> Tensor:
        """Inputs on the scale that the network sees."""
        mean, std = self._scale_tensors
        return inputs.sub_(mean).div_(std)

    def batches(self, rows: np.ndarray, epoch: int, generator: torch.Generator) -> Iterator[Batch]:
        """The rows in random order, in batches; a last batch of one joins the one before (normalization needs two)."""
        import torch

        order = np.asarray(rows)[torch.randperm(len(rows), generator=generator).numpy()]
        size, n = self.recipe.batch, len(order)
        cuts = [*range(0, n, size), n]
        if len(cuts) > 2 and n - cuts[-2] == 1:
            del cuts[-2]
        for begin, end in pairwise(cuts):
            yield self.batch(order[begin:end], generator)

    def batch(self, rows: np.ndarray, generator: torch.Generator) -> Batch:
        """The training examples at `rows`, changed at random where the task says so."""
        inputs, targets = self._pixels(self.train, rows)
        if self.augment:
            from byheart.data.augment import augmented

            inputs = augmented(inputs, self.augment, generator)
        return Batch(self.train.ids[rows], rows, self.standardized(inputs), targets)

    @cached_property
    def _scale_tensors(self) -> tuple[Tensor, Tensor]:
        import torch

        return torch.from_numpy(self.scale[0].copy()), torch.from_numpy(self.scale[1].copy())

    def _pixels(self, examples: Examples, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        import torch

        inputs = torch.from_numpy(examples.inputs[rows]).to(torch.float32)
        targets = torch.from_numpy(examples.targets[rows])
        if not self.is_classification:
            targets = (targets - self.target_scale[0]) / self.target_scale[1]
        return inputs, targets

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digests of data, network and recipe, apart: so that a refusal can say what changed."""
        parts = {
            name: [getattr(part, f.name) for f in fields(Examples)]
            for name in ("train", "validation", "test")
            for part in (getattr(self, name),)
        }
        import torch

        with torch.random.fork_rng(devices=[]):  # building draws weights; the caller's generator stays as it was
            shapes = [(name, tuple(p.shape)) for name, p in self.build().named_parameters()]
        return {
            "data": digest(parts, self.classes, self.scaling),
            "network": digest(code_of(self.network), shapes),
            "recipe": digest(self.recipe, self.augment),
        }

    @property
    def digest(self) -> str:
        """One digest of all that decides what is learned, but for the seed."""
        return digest(self.digests)

    def __reduce__(self) -> tuple[Any, ...]:
        state = {f.name: getattr(self, f.name) for f in fields(self)} | {"truth": dict(self.truth)}
        # the origin comes first: its file is imported before the rest is read
        return _restored, (self.origin, state, self.scale)


def _restored(origin: Origin | None, state: dict[str, Any], scale: tuple[np.ndarray, np.ndarray]) -> Task:
    task = Task(**state)
    task.__dict__["scale"] = scale  # a pass over all inputs that need not be made again
    return task


def check_network(network: Any) -> None:
    """UsageError for a network that is neither a name nor a function that makes one."""
    made = hasattr(network, "forward") and not isinstance(network, type)
    if made or not (isinstance(network, str) or callable(network)):
        raise UsageError(
            f"network is {type(network).__name__}, not a function that makes a network.",
            "Every run starts from a new network.",
            "give a name (mlp, cnn, resnet) or a function: lambda input_shape, outputs: ...",
        )


def part_of(name: str, source: Any) -> Examples:
    """The examples in `source`; what is wrong with them names the set that they are of."""
    try:
        return Examples.of(source)
    except DataError as error:
        raise DataError(f"In the {name} set: {error.what}", error.why, error.do) from error


def check_sizes(parts: dict[str, Examples]) -> None:
    """DataError for empty parts and for parts of different shapes."""
    for name, part in parts.items():
        least = {"train": 2, "test": 2 if "validation" not in parts else 1}.get(name, 1)
        if len(part) < least:
            count = f"{len(part)} example{'s' * (len(part) != 1)}"
            raise DataError(f"The {name} set has {count}.", do=f"give at least {least}")
        if part.inputs.shape[1:] != parts["train"].inputs.shape[1:]:
            raise DataError(
                f"Training inputs have shape {parts['train'].inputs.shape[1:]}, {name} inputs {part.inputs.shape[1:]}.",
                do="prepare both in the same way",
            )


def with_classes(parts: dict[str, Examples], names: tuple[str, ...]) -> tuple[dict[str, Examples], tuple[str, ...]]:
    """Text labels replaced by their place among the sorted labels of the training set (or among `names`)."""
    if not any(p.targets.dtype.kind == "U" for p in parts.values()):
        return parts, tuple(map(str, names))
    known = tuple(map(str, names)) or tuple(np.unique(parts["train"].targets.astype(str)))
    place = {name: k for k, name in enumerate(known)}
    found = {}
    for part, examples in parts.items():
        labels = examples.targets.astype(str)
        if strange := sorted(set(labels) - set(place)):
            raise DataError(
                f"The {part} set has labels that training has not: {', '.join(strange[:5])}.",
                do="add training examples of them, or drop them",
            )
        targets = np.array([place[label] for label in labels], np.int64)
        found[part] = Examples(examples.inputs, targets, examples.ids, examples.groups)
    return found, known


def check_kinds(parts: dict[str, Examples]) -> None:
    """DataError when training targets are classes and held-out targets are not, or the reverse."""
    for name, part in parts.items():
        if part.targets.dtype != parts["train"].targets.dtype:
            raise DataError(
                f"Training targets are {parts['train'].targets.dtype}, {name} targets {part.targets.dtype}.",
                do="give both as whole numbers (classes) or both as floats (regression)",
            )


def count_classes(parts: dict[str, Examples], asked: int | None) -> int:
    """The number of classes, 0 for regression; DataError for labels that cannot be classes."""
    train = parts["train"].targets
    if train.dtype.kind == "f":
        whole = bool((train == np.round(train)).all()) and len(np.unique(train)) <= FEW_VALUES
        if asked or (whole and asked is None):
            raise DataError(
                "The labels are floats where classes are meant."
                if asked
                else "The labels are floats but look like classes.",
                f"They take {len(np.unique(train))} values, such as {train[0]}.",
                "convert them to integers, or pass classes=0 for regression",
            )
        if len(np.unique(train)) < 2:
            raise DataError("All targets are equal.", do="give a target that varies")
        check_kinds(parts)
        return 0
    if asked == 0:
        raise DataError("classes=0 means regression, but the targets are classes.", do="give the targets as floats")
    check_kinds(parts)
    classes = asked or int(max(p.targets.max() for p in parts.values())) + 1
    if not asked and classes > len(train):
        raise DataError(
            f"The labels are whole numbers up to {classes - 1}, for {len(train)} training examples.",
            "Each number would be a class.",
            "number the classes from 0, or give the targets as floats for regression",
        )
    for name, part in parts.items():
        bad = (part.targets < 0) | (part.targets >= classes)
        if bad.any():
            raise DataError(
                f"{bad.sum()} {name} labels are outside 0 to {classes - 1}.",
                f"The first is {part.targets[bad][0]} in row {bad.argmax()}.",
                do="number the classes from 0, and mark nothing by -1",
            )
    if len(np.unique(train)) < 2:
        raise DataError("All training labels are of one class.", do="give examples of at least two classes")
    return classes
