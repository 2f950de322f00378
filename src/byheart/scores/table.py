"""Scores: one row per example, one column per score, with standard errors and intervals where they exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import NotApplicable, RunError, UsageError
from byheart.base.registry import every, find
from byheart.base.store import read_json, read_table, write_json, write_table
from byheart.scores.score import Estimate, Noted
from byheart.scores.trained import same_data

if TYPE_CHECKING:
    import pandas as pd

    from byheart.data.task import Task
    from byheart.runs.run import Run
    from byheart.runs.subsets import SubsetRuns


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of n examples, with the evidence behind them.

    `columns` name -> (n,) float64, `errors` name -> (n,) standard errors, `intervals` name -> 95% (low, high),
    `skipped` name -> why it could not be told, `notes` name -> how it was computed where a reader must know. NaN: not
    known for this example.
    """

    ids: np.ndarray
    columns: Mapping[str, np.ndarray]
    errors: Mapping[str, np.ndarray] = field(default_factory=dict)
    intervals: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    run: Run | None = None
    many: SubsetRuns | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self.columns:
            return self.columns[name]
        if name in self.skipped:
            raise UsageError(f"The score {name!r} is not there.", f"({self.skipped[name]})")
        near = difflib.get_close_matches(name, [*self.columns, *self.skipped], n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(self.columns) or 'none is there'}"
        raise UsageError(f"There is no score {name!r}.", do=hint)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Scores({len(self.ids)} examples, {len(self.columns)} scores: {', '.join(self.columns)})"

    def to_pandas(self) -> pd.DataFrame:
        """A frame: id, then each score, followed by <score>_se, _low and _high where they exist."""
        import pandas as pd

        frame: dict[str, np.ndarray] = {"id": self.ids}
        for name, column in self.columns.items():
            frame[name] = column
            if name in self.errors:
                frame[f"{name}_se"] = self.errors[name]
            if name in self.intervals:
                frame[f"{name}_low"], frame[f"{name}_high"] = self.intervals[name]
        return pd.DataFrame(frame)

    def save(self, folder: str | Path) -> None:
        """Write scores.parquet and scores.json (what was skipped, and notes) into a folder."""
        folder = Path(folder)
        write_table(folder / "scores.parquet", self.to_pandas())
        about = {"scores": list(self.columns), "skipped": dict(self.skipped), "notes": dict(self.notes)}
        write_json(folder / "scores.json", about)

    @classmethod
    def load(cls, folder: str | Path, run: Run | None = None, many: SubsetRuns | None = None) -> Scores:
        """Read what `save` wrote; RunError when it is damaged, or of other examples than the evidence that is given."""
        folder = Path(folder)
        frame, about = read_table(folder / "scores.parquet"), read_json(folder / "scores.json")
        try:
            names, skipped, notes = list(about["scores"]), dict(about["skipped"]), dict(about["notes"])
            if not all(isinstance(text, str) for told in (names, *_both(skipped), *_both(notes)) for text in told):
                raise ValueError("names, reasons and notes are texts")
            ids = frame["id"].to_numpy()
            ids = ids if ids.dtype.kind in "iu" else ids.astype(str)
            column = {name: frame[name].to_numpy(np.float64) for name in frame.columns if name != "id"}
            scores = cls(
                ids,
                {name: column[name] for name in names},
                {name: column[f"{name}_se"] for name in names if f"{name}_se" in column},
                {name: (column[f"{name}_low"], column[f"{name}_high"]) for name in names if f"{name}_low" in column},
                run,
                many,
                skipped,
                notes,
            )
        except (KeyError, TypeError, ValueError) as error:
            again = "delete the folder; they are computed again"
            raise RunError(f"The scores in {folder} are damaged.", f"({error})", again) from error
        if any(evidence is not None and not np.array_equal(ids, evidence.ids) for evidence in (run, many)):
            raise RunError(f"The scores in {folder} are of other examples.", do="score(run, many) computes them again")
        return scores


def score(
    run: Run | None, many: SubsetRuns | None = None, names: str | Iterable[str] | None = None, task: Task | None = None
) -> Scores:
    """Every score that this evidence allows, or the one or those named; nothing is trained.

    Scores that read the trained network itself need the `task` that it was recorded from, and are skipped without it.
    Errors: UsageError for unknown names, for no evidence, and when run, subset models and task are of different
    examples or were trained on different labels.
    """
    evidence = run if run is not None else many
    if evidence is None:
        raise UsageError("There is no evidence to score.", do="score(byheart.record(task))")
    if run is not None and many is not None and not np.array_equal(run.ids, many.ids):
        apart = "The run and the subset models are of different examples."
        raise UsageError(apart, do="record both from the same task")
    if run is not None and many is not None and not np.array_equal(run.targets, many.targets):
        apart = "The run and the subset models were trained on different labels."
        raise UsageError(apart, "Wrong labels may have been planted in one of them only.", "record both from one task")
    if run is not None and task is not None:
        same_data(run, task)
    wanted = [names] if isinstance(names, str) else names
    specs = every("score") if wanted is None else {name: find("score", name) for name in wanted}
    columns, errors, intervals, skipped, notes = {}, {}, {}, {}, {}
    for name, spec in specs.items():
        try:
            found = spec(run, many, task)
        except NotApplicable as reason:
            skipped[name] = str(reason)
            continue
        if isinstance(found, Estimate):
            columns[name], errors[name], intervals[name] = found.value, found.se, (found.low, found.high)
        elif isinstance(found, Noted):
            columns[name] = found.value
            notes |= {name: "; ".join(found.notes)} if found.notes else {}
        else:
            columns[name] = found
        columns[name] = np.asarray(columns[name], np.float64)
    return Scores(evidence.ids, columns, errors, intervals, run, many, skipped, notes)


def _both(told: Mapping[str, str]) -> tuple[Iterable[str], Iterable[str]]:
    """Names and what is said of them."""
    return told.keys(), told.values()
