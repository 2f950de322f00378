"""Recorder: watches every example of a training, in our loop or in anybody's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from byheart.base.errors import DataError, RunError, UsageError
from byheart.base.provenance import versions
from byheart.base.store import digest, read_arrays, sweep, write_arrays, write_table
from byheart.data.examples import as_array, clean_ids, clean_targets
from byheart.runs.evidence import read
from byheart.runs.schema import (
    EXAMPLES,
    HELD_OUT,
    KEPT,
    KEPT_HELD_OUT,
    RECORD,
    TRAJECTORY,
    Record,
    read_record,
    same,
    write_record,
)

Columns = dict[str, np.ndarray]


class Recorder:
    """Keeps the trajectory of each example; three lines in a loop of your own.

        recorder = Recorder("runs/mine", ids=ids, targets=labels, outputs=10)
        ... recorder(batch_ids, logits)        after each forward pass
        ... recorder.epoch()                   after each epoch; at the end recorder.close()

    `outputs` is the number of classes, or 0 for regression. Ids are those of the batch, in any order, by sampler or
    loader of any kind: an example not seen in an epoch is NaN there, one seen twice keeps its last value.
    `held_out(ids, logits)` once an epoch keeps held-out loss and correctness. `state_dict()` and `load_state_dict()`
    carry it over an interruption. Errors: UsageError for unknown ids or logits of the wrong shape.
    """

    def __init__(
        self, out: str | Path, ids: Any, targets: Any, outputs: int, *, validation: tuple[Any, Any] | None = None,
        test: tuple[Any, Any] | None = None, name: str = "task", seed: int = 0,
    ) -> None:  # fmt: skip
        self.folder = Path(out)
        self.ids, self.targets = clean_ids(as_array(ids)), clean_targets(as_array(targets))
        if self.ids.shape != self.targets.shape:
            raise DataError(f"{len(self.ids)} ids, {len(self.targets)} targets.", do="give one target per id")
        self.outputs, self.name, self.seed = outputs, name, seed
        self.parts = {
            part: (clean_ids(as_array(given[0])), clean_targets(as_array(given[1])))
            for part, given in (("validation", validation), ("test", test))
            if given is not None
        }
        for part, targets in (("training", self.targets), *((p, t) for p, (_, t) in self.parts.items())):
            check_targets(part, targets, outputs)
        # what logits are read against: the targets, on the scale of the outputs
        self.goals = self.targets
        self.held_goals = {part: targets for part, (_, targets) in self.parts.items()}
        self.index = pd.Index(self.ids)
        self.where = {part: pd.Index(i) for part, (i, _) in self.parts.items()}
        self.logits = np.full((len(self.ids), max(outputs, 1)), np.nan, np.float32)
        self.now: Columns = {}
        self.epochs: list[Columns] = []
        self.saved = 0

    def __call__(self, ids: Any, logits: Any) -> None:
        """See a batch: its ids (b,) and raw logits (b, outputs); nothing of the graph or the device is kept."""
        self.rows(self._rows(self.index, ids), logits)

    def rows(self, rows: np.ndarray, logits: Any) -> None:
        """See a batch by row numbers, where they are known: no look-up."""
        self.logits[rows] = self._checked(as_array(logits), len(rows))

    def held_out(self, ids: Any, logits: Any, part: str = "test") -> None:
        """See held-out examples in eval mode, once an epoch."""
        if part not in self.parts:
            raise UsageError(f"This recorder knows no {part} examples.", do=f"Recorder(..., {part}=(ids, targets))")
        targets = self.held_goals[part]
        rows = self._rows(self.where[part], ids)
        seen = read(self._checked(as_array(logits), len(rows)), targets[rows], self.outputs)
        for name in ("loss", "correct"):
            column = self.now.setdefault(f"{part}_{name}", np.full(len(targets), np.nan, seen[name].dtype))
            column[rows] = seen[name]

    def epoch(self) -> None:
        """End an epoch: turn its logits into columns."""
        columns = read(self.logits, self.goals, self.outputs)
        columns["seen"] = ~np.isnan(self.logits[:, 0])
        for part, (_, targets) in self.parts.items():
            for name, kind in (("loss", np.float32), ("correct", np.float16)):
                self.now.setdefault(f"{part}_{name}", np.full(len(targets), np.nan, kind))
        self.epochs.append(columns | self.now)
        self.logits.fill(np.nan)
        self.now = {}

    def stacked(self, begin: int = 0) -> Columns:
        """All columns (epochs, examples) from epoch `begin` on."""
        chosen = self.epochs[begin:]
        return {name: np.stack([e[name] for e in chosen]) for name in chosen[0]} if chosen else {}

    def flush(self) -> None:
        """Write the epochs that are not on disk yet."""
        if len(self.epochs) > self.saved:
            write_arrays(
                self.folder / f"part-{self.saved:06d}-{len(self.epochs):06d}.safetensors", self.stacked(self.saved)
            )
            self.saved = len(self.epochs)

    def load(self, epochs: int) -> None:
        """Take up the first `epochs` epochs from disk; later ones, of a state that was never saved, are dropped."""
        self.epochs = []
        for path in sorted(self.folder.glob("part-*.safetensors")):
            found = re.fullmatch(r"part-(\d+)-(\d+)", path.stem)
            if found is None or int(found[2]) > epochs:
                path.unlink()
                continue
            columns = read_arrays(path)
            if int(found[1]) != len(self.epochs) or not self._fit(columns, int(found[2]) - int(found[1])):
                raise RunError(f"{path} does not continue what is before it.", do="start anew with --fresh")
            self.epochs += [{n: c[t] for n, c in columns.items()} for t in range(int(found[2]) - int(found[1]))]
        if len(self.epochs) != epochs:
            raise RunError(
                f"{self.folder} lacks epochs {len(self.epochs) + 1} to {epochs}.", do="start anew with --fresh"
            )
        self.saved = epochs

    def _fit(self, columns: Columns, epochs: int) -> bool:
        """Whether these are the columns of so many epochs of these examples."""
        widths = {name: len(self.ids) for name in (*KEPT, "seen")}
        widths |= {f"{part}_{name}": len(ids) for part, (ids, _) in self.parts.items() for name in KEPT_HELD_OUT}
        return {name: c.shape for name, c in columns.items()} == {name: (epochs, n) for name, n in widths.items()}

    def state_dict(self) -> Columns:
        """All that was seen, as arrays (for safetensors)."""
        return {f"epochs/{name}": column for name, column in self.stacked().items()} | {"logits": self.logits.copy()}

    def load_state_dict(self, state: Columns) -> None:
        """Go on from `state_dict()`."""
        self.logits = np.array(state["logits"])
        stacks = {name.removeprefix("epochs/"): c for name, c in state.items() if name.startswith("epochs/")}
        count = len(stacks["loss"]) if stacks else 0
        self.epochs, self.saved = [{n: np.array(c[t]) for n, c in stacks.items()} for t in range(count)], 0

    def close(self) -> Any:
        """Write the run folder of a loop of your own and return its Run."""
        from byheart.runs.run import Run

        if not self.epochs:
            raise UsageError("Nothing was recorded.", do="call recorder.epoch() after each epoch")
        data = digest(self.ids, self.targets, self.outputs, {p: list(v) for p, v in self.parts.items()})
        record = Record(
            kind="run", task=self.name, classes=self.outputs, class_names=[], digests={"data": data}, seed=self.seed,
            recipe={"loop": "own", "epochs": len(self.epochs)}, network={}, versions=versions(),
        )  # fmt: skip
        if (self.folder / RECORD).exists():
            same(self.folder, read_record(self.folder), record)
        write_record(self.folder, record)  # not done: a kill while it is written again leaves no mixture that reads
        write_columns(self.folder, self, None)
        write_record(self.folder, record.model_copy(update={"done": True}))
        return Run(self.folder)

    def _rows(self, index: pd.Index, ids: Any) -> np.ndarray:
        wanted = np.atleast_1d(as_array(list(ids) if isinstance(ids, tuple) else ids))
        rows = index.get_indexer(pd.Index(wanted))
        if (rows < 0).any():
            unknown = wanted[rows < 0]
            raise UsageError(
                f"{len(unknown)} ids were never announced (first: {unknown.tolist()[0]!r}).",
                f"The recorder knows ids such as {self.ids[0].item()!r}.",
                "let the loader yield the ids that Recorder(ids=...) was given",
            )
        return rows

    def _checked(self, logits: np.ndarray, rows: int) -> np.ndarray:
        if logits.ndim == 1:
            logits = logits[:, None]
        if logits.shape != (rows, self.logits.shape[1]):
            raise UsageError(
                f"Logits of shape {logits.shape} for {rows} ids and {self.logits.shape[1]} outputs.",
                do="give the raw outputs of the network, (batch, outputs), and the ids of the same batch",
            )
        return logits


def check_targets(part: str, targets: np.ndarray, outputs: int) -> None:
    """DataError for targets that logits of `outputs` numbers (0: regression) cannot be read against."""
    if outputs == 0 and targets.dtype.kind not in "fi":
        raise DataError(f"The {part} targets are {targets.dtype}, not numbers.", do="give floats, or outputs=classes")
    if outputs and (targets.dtype.kind != "i" or ((targets < 0) | (targets >= outputs)).any()):
        raise DataError(
            f"The {part} targets are no classes from 0 to {outputs - 1}.",
            f"They are {targets.dtype}, such as {targets.max()}." if targets.dtype.kind != "U" else "They are text.",
            "number the classes as the outputs of the network are; outputs=0 means regression",
        )


def write_columns(folder: Path, recorder: Recorder, groups: Sequence[str] | np.ndarray | None) -> None:
    """Write trajectory and example tables, and remove the unfinished parts."""
    write_arrays(folder / TRAJECTORY, recorder.stacked())
    table = {"id": recorder.ids, "target": recorder.targets}
    if groups is not None:
        table["group"] = np.asarray(groups)
    write_table(folder / EXAMPLES, pd.DataFrame(table))
    held = [pd.DataFrame({"id": i, "target": t, "part": part}) for part, (i, t) in recorder.parts.items()]
    empty = pd.DataFrame({"id": recorder.ids[:0], "target": recorder.targets[:0], "part": np.array([], str)})
    write_table(folder / HELD_OUT, pd.concat(held, ignore_index=True) if held else empty)
    sweep(folder)
