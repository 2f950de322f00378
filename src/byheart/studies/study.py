"""What a study is: claims, what is measured for them in one seed, and a control that must come out negative."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.studies.criterion import Criterion


@dataclass(frozen=True)
class Lab:
    """Where one seed of a study works: a folder of its own, and whether in full or only to see that all runs."""

    seed: int
    folder: Path
    small: bool = False

    def size(self, full: int, small: int) -> int:
        """A number of examples, epochs or models: `full`, or `small` where only seeing that it runs is wanted."""
        return small if self.small else full


@dataclass(frozen=True)
class Curve:
    """A line of a study's picture: what it is and its points, in order."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Reading:
    """What one seed measured: numbers by name, and curves with the titles of their axes."""

    values: Mapping[str, float]
    curves: Sequence[Curve] = ()
    x: str = ""
    y: str = ""


@dataclass(frozen=True)
class Row:
    """One claim: its id, the criteria that decide it, and for a claim that is wrong as written the fact instead.

    `paper` names the source (studies/papers.py) where the claim has one of its own. `identity` says why there can be no
    negative control for a row of a study that has one for others: an identity or a definition.
    """

    id: str
    criteria: tuple[Criterion, ...]
    corrected: str = ""
    paper: str = ""
    identity: str = ""


Measure = Callable[[Lab], Reading]


@dataclass(frozen=True)
class Study:
    """Claims that share an experiment.

    `control` measures the same numbers where the claim must not come out (shuffled labels, a null model), all or some
    of them, for one row alone under "ID/number"; or it says in a sentence why there can be none (identities). `cost` is
    in CPU-seconds a seed, control included; `data` names what has to be downloaded or given, `package` what has to be
    installed beside byheart, `text` is the study's file as it was read when it was imported.
    """

    name: str
    measure: Measure = field(repr=False)
    rows: tuple[Row, ...]
    control: Measure | str = field(repr=False)
    cost: float
    data: tuple[str, ...] = ()
    package: str = ""
    text: str = field(default="", repr=False)

    @property
    def measured(self) -> str:
        """What is measured, in a sentence."""
        return sentence(self.measure)

    @property
    def controlled(self) -> str:
        """What the negative control is, in a sentence, or why there is none."""
        return self.control if isinstance(self.control, str) else sentence(self.control)

    def row(self, claim: str) -> Row:
        """The row of that id."""
        return next(row for row in self.rows if row.id == claim)


def study(
    *rows: Row, control: Measure | str, cost: float, data: tuple[str, ...] = (), package: str = ""
) -> Callable[[Measure], Measure]:  # fmt: skip
    """Register the decorated measurement, named like its function, as the study of these rows."""

    def put(measure: Measure) -> Measure:
        name = measure.__name__.replace("_", "-")
        register("study", name)(Study(name, measure, rows, control, cost, data, package, written(measure)))
        return measure

    return put


def source_of(study: Study) -> str:
    """The study's file, as text: readings of another text are measured again."""
    return study.text or written(study.measure)


def written(measure: Measure) -> str:
    """The text of the file that a measurement stands in."""
    return inspect.getsource(inspect.getmodule(measure) or measure)


def sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    if not text:
        raise UsageError(f"{thing!r} does not say what it measures.", do="give it a docstring")
    return text
