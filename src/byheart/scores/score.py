"""The contract of a score: a pure function over arrays of evidence, and what a reader must know to read it.

A score's parameter names say which evidence it reads. From a trajectory: loss, margin, correct, predicted, error_norm,
seen (epochs, n). From the subset matrix: member (models, n), many_correct, many_margin, many_loss, many_predicted
(models, n), many_logits (models, n, outputs), and the same of held-out examples as held_correct ... From both:
targets (n,). From trainings beside a run: second_split_correct (epochs, n), threshold_margin (epochs, n, 2) and
threshold_sample (2, n). From a checkpoint, with its task: network (eval mode, frozen, in double precision where it
runs so) or trained (eval mode, as it was trained), inputs (n, ...) and targets (n,) as it sees them, in chunks unless
`by_column=False`, loss_of(outputs, targets) -> (n,), deviations and ranges of the inputs over the training set, shaped
like one input, and checkpoints, (learning rate, network) in the order of epochs. A parameter with a default is evidence
that may be missing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.registry import register
from byheart.runs.beside import ADDS
from byheart.scores.trained import CHUNK, checkpoint_columns, examples_seen, rows_of_run

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.runs.run import Run
    from byheart.runs.subsets import SubsetRuns

Needs = Literal["trajectory", "subset", "both", "second split", "threshold samples", "checkpoint"]
Scored = TypeVar("Scored", bound=Callable[..., Any])
TRAJECTORY = ("loss", "margin", "correct", "predicted", "error_norm", "seen")
BESIDE = {column: place for place, columns in ADDS.items() for column in columns}
WITH = {
    place: f"{what} beside the run (for classes): byheart record --{place.replace('_', '-')}, or "
    f"byheart.{place}(task, run.folder / {place!r})"
    for place, what in {"second_split": "a second split", "threshold_samples": "threshold samples"}.items()
}
# a trajectory with more (epoch, example) cells is scored in chunks of examples: about 150 MB at a time
CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Estimate:
    """A value (n,) with its standard error and 95% interval, NaN where unknown."""

    value: np.ndarray
    se: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class Noted:
    """A value (n,) with what a reader must know of how it came about, a short sentence each."""

    value: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ScoreSpec:
    """A registered score.

    `direction` is +1 where a high value means memorized (or suspect), -1 where a low one does, 0 where neither.
    """

    name: str
    compute: Callable[..., np.ndarray | Estimate | Noted]
    needs: Needs
    higher: str
    direction: int
    unit: str
    range: tuple[float, float]
    cost: str
    finds: str
    source: str
    by_column: bool = True

    @property
    def reads(self) -> dict[str, bool]:
        """Evidence it reads -> whether it can do without."""
        parameters = inspect.signature(self.compute).parameters.values()
        return {p.name: p.default is not p.empty for p in parameters}

    def __call__(
        self, run: Run | None, many: SubsetRuns | None, task: Task | None = None
    ) -> np.ndarray | Estimate | Noted:
        """The score (n,) on this evidence; NotApplicable, with the reason, where it cannot be told."""
        if self.needs == "checkpoint":
            return self._of_checkpoint(run, task)
        columns = {name: bound(name, run, many, optional) for name, optional in self.reads.items()}
        cells = max((c.size for name, c in columns.items() if c is not None and name in TRAJECTORY), default=0)
        if not self.by_column or self.needs != "trajectory" or cells <= CELLS:
            return self.compute(**columns)
        n = next(c.shape[-1] for c in columns.values() if c is not None)
        step = max(1, n * CELLS // cells)
        parts, refused = [], []
        for i in range(0, n, step):
            try:
                parts.append(self.compute(**{k: c if c is None else c[..., i : i + step] for k, c in columns.items()}))
            except NotApplicable as reason:
                refused.append(reason)  # a chunk in which nothing was seen looks like regression; the whole does not
                parts.append(np.full(min(step, n - i), np.nan))
        if len(refused) == len(parts):
            raise refused[0]
        return joined(parts)

    def _of_checkpoint(self, run: Run | None, task: Task | None) -> np.ndarray | Estimate | Noted:
        from byheart.runs.loop import one_thread

        columns = checkpoint_columns(run, task, tuple(self.reads))
        assert run is not None and task is not None
        rows = rows_of_run(run, task)
        step = CHUNK if self.by_column else len(rows)
        chunks = (examples_seen(task, rows[i : i + step], columns, self.reads) for i in range(0, len(rows), step))
        with one_thread():  # many small products: several threads wait for one another
            return joined([self.compute(**columns, **chunk) for chunk in chunks])


def score(
    name: str, *, needs: Needs, higher: str, unit: str, range: tuple[float, float], cost: str, finds: str, source: str,
    direction: int | None = None, by_column: bool = True,
) -> Callable[[Scored], Scored]:  # fmt: skip
    """Register the decorated function as a score.

    Without `direction`, a `higher` that begins with "more memorized" means +1 and everything else -1.
    `by_column=False` is for a score in which one example's value depends on the others.
    """
    sign = direction if direction is not None else 1 if higher.startswith("more memorized") else -1

    def make(compute: Scored) -> Scored:
        spec = ScoreSpec(name, compute, needs, higher, sign, unit, range, cost, finds, source, by_column)
        register("score", name)(spec)
        return compute

    return make


def bound(name: str, run: Run | None, many: SubsetRuns | None, optional: bool = False) -> np.ndarray | None:
    """The recorded evidence of that name; NotApplicable when there is none, None when it may be missing."""
    if name == "targets":
        found = run if run is not None else many
        if found is None:
            raise NotApplicable("nothing was recorded")
        return found.targets
    side, _, column = name.partition("_")
    if name not in (*TRAJECTORY, *BESIDE, "member") and side not in ("many", "held"):
        raise UsageError(
            f"There is no evidence called {name!r}.", do="name a score's parameters after columns of evidence"
        )
    try:
        if name in TRAJECTORY or name in BESIDE:
            if run is None:
                raise NotApplicable("it needs a trajectory: byheart.record(task)")
            return run[name]
        if many is None:
            raise NotApplicable("it needs subset models: byheart.record_subsets(task, models=20)")
        if name == "member":
            return many["member"]
        if name == "held_targets":
            return many.test_targets
        return many[column][:, : many.n] if side == "many" else many[column][:, many.n :]
    except KeyError:
        if optional:
            return None
        if name in TRAJECTORY and run is not None and not any(column in run for column in TRAJECTORY):
            raise NotApplicable("it needs a trajectory: byheart.record(task)") from None
        place = BESIDE.get(name)
        why = f"{name} was not recorded" if place is None else f"it needs {WITH[place]}"
        raise NotApplicable(why) from None
    except NotApplicable:
        if optional:
            return None
        raise


def joined(parts: list[np.ndarray | Estimate | Noted]) -> np.ndarray | Estimate | Noted:
    """Chunks of examples put together again; a chunk without errors beside one with them has unknown errors."""
    noted = [p for p in parts if isinstance(p, Noted)]
    if noted:  # a score notes all its chunks or none; the same sentence counts once
        notes = dict.fromkeys(note for p in noted for note in p.notes)
        return Noted(np.concatenate([p.value for p in noted]), tuple(notes))
    bare = [p for p in parts if not isinstance(p, Noted)]
    plain = [p for p in bare if isinstance(p, np.ndarray)]
    if len(plain) == len(bare):
        return np.concatenate(plain)
    whole = [p if isinstance(p, Estimate) else Estimate(p, *[np.full(len(p), np.nan)] * 3) for p in bare]
    return Estimate(*(np.concatenate([getattr(p, f) for p in whole]) for f in ("value", "se", "low", "high")))
