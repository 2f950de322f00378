"""Run: what one training left behind, read as it is asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import RunError, UsageError
from byheart.base.store import read_arrays, read_table
from byheart.runs.beside import beside
from byheart.runs.schema import (
    EXAMPLES,
    FINAL,
    HELD_OUT,
    KEPT,
    KEPT_HELD_OUT,
    NETWORK,
    TRAJECTORY,
    Record,
    read_record,
    read_timing,
)

if TYPE_CHECKING:
    from torch import nn

    from byheart.data.task import Task


AGAIN = "delete it and give the command that made it again"
FITTED = 0.99  # training accuracy from which on a network had the chance to memorize


class Run:
    """A finished run folder.

    `run["loss"]`, "margin", "correct", "predicted", "error_norm", "seen": (epochs, examples); `run["test_loss"]`,
    "test_correct", "validation_loss", "validation_correct": (epochs, held-out examples); `run["final_logits"]`,
    "final_test_logits", "final_validation_logits" (n, outputs) and "features", "test_features", "validation_features"
    (n, d): eval mode at the end; with a second split or threshold samples beside it, what `runs/beside.py` names.
    Errors: RunError for folders that are damaged or unfinished.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.record: Record = read_record(self.folder)
        if self.record.kind != "run":
            raise RunError(f"{folder} holds {self.record.kind}, not one run.", do="open it with SubsetRuns")
        if not self.record.done:
            raise RunError(f"{folder} is not finished.", do="give the command that began it again: it goes on")

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}: {self.task_name}, {self.epochs} epochs, {len(self.ids)} examples)"

    def __contains__(self, name: str) -> bool:
        try:
            self[name]
        except (KeyError, RunError):
            return False
        return True

    def __getitem__(self, name: str) -> np.ndarray:
        for arrays in (self._trajectory, self._final):
            if name in arrays:
                return arrays[name]
        if name in self.beside:  # read last: damage there says nothing of the run itself
            return self.beside[name]
        raise KeyError(f"{name!r}; there are {sorted([*self._trajectory, *self._final, *self.beside])}")

    @property
    def task_name(self) -> str:
        """Name of the task that was learned."""
        return self.record.task

    @property
    def classes(self) -> int:
        """How many classes; 0 for regression."""
        return self.record.classes

    @property
    def clock(self) -> str:
        """Whether columns come from the training pass ("online") or from a clean one ("eval")."""
        return self.record.clock

    @property
    def epochs(self) -> int:
        """How many epochs were recorded; 0 for a network that was trained elsewhere, which has no trajectory."""
        return len(self._trajectory.get("loss", ()))

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids of the training examples, in column order."""
        return _plain(self._examples["id"])

    @cached_property
    def targets(self) -> np.ndarray:
        """The labels that were trained on."""
        return _plain(self._examples["target"])

    @cached_property
    def test_ids(self) -> np.ndarray:
        """Ids of the test examples."""
        return _plain(self._held_out.loc[self._held_out["part"] == "test", "id"])

    @cached_property
    def validation_ids(self) -> np.ndarray:
        """Ids of the validation examples."""
        return _plain(self._held_out.loc[self._held_out["part"] == "validation", "id"])

    @cached_property
    def timing(self) -> dict:
        """Seconds and machine, as far as they were written."""
        return read_timing(self.folder)

    @cached_property
    def shortfall(self) -> str:
        """A sentence when training ended below 99% accuracy on its own examples, which hides memorization; else ""."""
        if not self.classes:
            return ""
        if "final_logits" in self:
            right = float((self["final_logits"].argmax(1) == self.targets).mean())
        else:
            last = self["correct"][-1].astype(np.float64)
            right = float(np.nanmean(last)) if np.isfinite(last).any() else 0.0
        if right >= FITTED:
            return ""
        return (
            f"Training ended at {right:.1%} accuracy on its own examples, below {FITTED:.0%}: "
            "what more epochs or a larger network would memorize is not seen here."
        )

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """The final parameters and buffers."""
        return read_arrays(self.folder / NETWORK)

    @cached_property
    def checkpoints(self) -> dict[int, dict[str, np.ndarray]]:
        """Epoch -> parameters and buffers, as the method "checkpoints" kept them; empty without it."""
        return self._kept_weights

    @cached_property
    def learning_rates(self) -> dict[int, float]:
        """Epoch -> learning rate of the epoch that ended in that checkpoint."""
        return {epoch: float(self[f"checkpoint/{epoch}/lr"][0]) for epoch in self._kept_weights}

    @cached_property
    def _kept_weights(self) -> dict[int, dict[str, np.ndarray]]:
        found: dict[int, dict[str, np.ndarray]] = {}
        for key, array in self._final.items():
            if key.startswith("checkpoint/") and "/weights/" in key:
                _, epoch, _, name = key.split("/", 3)
                found.setdefault(int(epoch), {})[name] = array
        return dict(sorted(found.items()))

    def network(self, task: Task, weights: dict[str, np.ndarray] | None = None) -> nn.Module:
        """The trained network, or one with other weights such as a checkpoint's, in eval mode.

        Errors: UsageError for weights that are another network's.
        """
        import torch

        from byheart.runs.loop import events_of

        network = task.build()
        for event in events_of(task):
            if hasattr(event, "rebuild"):
                network = event.rebuild(network)
        arrays = (weights or self.weights).items()
        try:
            network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays})
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:160]
            raise UsageError(
                "The run's weights do not fit the task's network.", f"({reason})", "give its own task"
            ) from error
        return network.eval()

    @cached_property
    def beside(self) -> dict[str, np.ndarray]:
        """What trainings beside this one, in its folder, add to its evidence."""
        return beside(self.folder, self.record, len(self.ids))

    @cached_property
    def _trajectory(self) -> dict[str, np.ndarray]:
        path = self.folder / TRAJECTORY
        arrays, train = read_arrays(path), len(self._examples)
        wanted = {name: train for name in (*KEPT, "seen")}
        for part, count in self._held_out["part"].value_counts().items():
            wanted |= {f"{part}_{name}": int(count) for name in KEPT_HELD_OUT}
        _fitting(path, arrays, wanted)
        if len({len(arrays[name]) for name in wanted}) != 1 or any(arrays[name].ndim != 2 for name in wanted):
            raise RunError(f"{path} is damaged.", "Its columns are not of the same epochs.", AGAIN)
        return arrays if len(arrays["loss"]) else {}

    @cached_property
    def _final(self) -> dict[str, np.ndarray]:
        path, kept = self.folder / FINAL, self.folder / "kept.safetensors"
        arrays = read_arrays(path) if path.exists() else {}
        if arrays:
            parts = {"": len(self.ids), "test_": len(self.test_ids), "validation_": len(self.validation_ids)}
            rows = {f"final_{p}logits": n for p, n in parts.items()} | {f"{p}features": n for p, n in parts.items()}
            _fitting(path, {name: a[None] for name, a in arrays.items()}, rows)
        return arrays | (read_arrays(kept) if kept.exists() else {})

    @cached_property
    def _examples(self):
        return _columns(self.folder / EXAMPLES, {"id", "target"})

    @cached_property
    def _held_out(self):
        return _columns(self.folder / HELD_OUT, {"id", "target", "part"})


def _fitting(path: Path, arrays: dict[str, np.ndarray], wanted: dict[str, int]) -> None:
    """RunError unless the arrays have these names, and (anything, that many examples, ...)."""
    for name, count in wanted.items():
        if name not in arrays or arrays[name].shape[1:2] != (count,):
            found = "missing" if name not in arrays else f"of shape {arrays[name].shape}"
            raise RunError(f"{path} is damaged.", f"{name} is {found}; {count} examples were recorded.", AGAIN)


def _columns(path: Path, needed: set[str]):
    table = read_table(path)
    if missing := needed - set(table.columns):
        raise RunError(f"{path} lacks the columns {sorted(missing)}.", do="record it again")
    return table


def _plain(column) -> np.ndarray:
    values = column.to_numpy()
    return values if values.dtype.kind in "iuf" else values.astype(str)
