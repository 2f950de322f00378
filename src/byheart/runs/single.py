"""record: one training, watched, into a folder that survives any interruption."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from byheart.base.devices import choose
from byheart.base.errors import RunError, TrainingFailed, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import machine, versions
from byheart.base.store import TEMPORARY, digest, sweep, write_arrays, write_json
from byheart.data.examples import Examples
from byheart.data.source import code_of
from byheart.data.task import Task
from byheart.runs.events import State, fire
from byheart.runs.learning_rate import settled
from byheart.runs.loop import CHUNK, begin, events_of, fit, one_thread, outputs
from byheart.runs.recorder import Recorder, write_columns
from byheart.runs.resume import flat, pack, restore, saved, unpack
from byheart.runs.run import Run
from byheart.runs.schema import (
    EXAMPLES,
    FINAL,
    HELD_OUT,
    LEARNING_RATE,
    NETWORK,
    RECORD,
    TIMING,
    TRAJECTORY,
    Record,
    read_record,
    read_timing,
    same,
    write_record,
)  # fmt: skip

STATE = "state.safetensors"
WHOLE = (TRAJECTORY, EXAMPLES, HELD_OUT, NETWORK, FINAL)  # a damaged one may be deleted: the same call makes it again
SAVE_EVERY = 1.0  # seconds: renaming files and their fsync would dominate otherwise


def record(
    task: Task,
    out: str | Path,
    seed: int = 0,
    *,
    only: Iterable[Any] | None = None,
    without: Iterable[Any] | None = None,
    start: Run | None = None,
    events: Sequence[Any] | None = None,
    train_only: str | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train once and record what happens to each example; go on where an interrupted call stopped.

    `only` or `without` choose training examples by id, `start` begins from a run's weights, `train_only` is a pattern
    of parameter names, `events` stand for the recipe's methods. Returns the finished Run; a folder that already holds
    it is only read. Errors: RunError for a folder of another task, recipe or seed; TrainingFailed.
    """
    folder, rows = Path(out), rows_of(task, only, without)
    if not (folder / RECORD).exists() and folder.is_dir() and any(folder.iterdir()):
        sweep(folder)
    task = settled(task, folder)
    acting = events_of(task) if events is None else tuple(events)
    weights = None if start is None else start.weights
    wanted = record_of(
        "run",
        task,
        seed,
        {"selection": digest(task.train.ids[rows]), "start": digest(weights, train_only), "events": digest_of(acting)},
    ).model_copy(update={"clock": clock_of(acting)})
    if (folder / RECORD).exists():
        same(folder, found := read_record(folder), wanted)
        if found.done and all((folder / name).exists() for name in WHOLE):
            _tidy(folder)  # it may have been killed between its last word and this
            return _checked(Run(folder), task.train.take(rows))
    with one_thread():
        _train(task, folder, rows, seed, acting, weights, train_only, wanted, progress or silent())
    return Run(folder)


def _checked(run: Run, train: Examples) -> Run:
    """The run, if its table holds the examples that it was made from."""
    if not np.array_equal(run.ids, train.ids) or not np.array_equal(run.targets, train.targets):
        path = run.folder / EXAMPLES
        raise RunError(
            f"{path} is damaged.", "Its ids or labels are not the task's.", "delete it; the run is made again"
        )
    return run


def _train(task: Task, folder: Path, rows: np.ndarray, seed: int, events: Sequence[Any], weights: Any,
           train_only: str | None, wanted: Record, progress: Progress) -> None:  # fmt: skip
    state = begin(task, rows, seed, weights, train_only)
    write_record(folder, wanted)
    sweep(folder)
    train, parts = task.train.take(rows), {"validation": task.validation, "test": task.test}
    recorder = Recorder(
        folder, train.ids, train.targets, task.classes,
        validation=(task.validation.ids, task.validation.targets), test=(task.test.ids, task.test.targets),
    )  # fmt: skip
    recorder.goals = scaled(task, recorder.targets)
    recorder.held_goals = {n: scaled(task, targets) for n, (_, targets) in recorder.parts.items()}
    place = np.full(len(task.train), -1)
    place[rows] = np.arange(len(rows))
    spent = 0.0
    if (folder / STATE).exists():
        before = saved(folder / STATE)
        state.own = restore("own", {}, before)  # what a method trained first is not trained again
        fire("fit_start", events, state)
        unpack(state, before)
        events = [_Resumed(e) for e in events]
        spent = read_timing(folder).get("cpu_seconds", 0.0)
    recorder.load(state.epoch)  # also without a state: parts that were written before the first one are dropped
    bar = progress.start("record", task.recipe.epochs, state.epoch)
    clock = {"saved": time.monotonic(), "begun": time.process_time() - spent}

    def each_epoch(state: State) -> None:
        for name, part in parts.items():
            recorder.held_out(part.ids, outputs(task, state.network, part, state.device), name)
        if wanted.clock == "eval":
            recorder.rows(np.arange(len(rows)), torch.from_numpy(outputs(task, state.network, train, state.device)))
        recorder.epoch()
        if time.monotonic() - clock["saved"] >= SAVE_EVERY:
            recorder.flush()
            _note_time(folder, clock["begun"])
            write_arrays(folder / STATE, pack(state))
            clock["saved"] = time.monotonic()
        bar.advance(note=f"accuracy {_accuracy(recorder.epochs[-1]['correct']):.3f}" if task.classes else "")

    online = wanted.clock == "online"
    watch = (lambda batch, logits: recorder.rows(place[batch.rows], logits)) if online else None
    fit(state, events, watch, each_epoch)
    bar.done()
    finish(task, state, recorder, train)
    notes = {
        "train_accuracy": _accuracy(recorder.epochs[-1]["correct"]) if task.classes else None,
        "epochs": state.epoch,
    }
    _note_time(folder, clock["begun"])
    write_record(folder, wanted.model_copy(update={"notes": notes, "done": True}))
    _tidy(folder)


def _accuracy(correct: np.ndarray) -> float:
    """Share (n,) of right answers among the seen; summed in float64, since float16 cannot count to 70,000."""
    return float(np.nanmean(correct.astype(np.float64)))


def _note_time(folder: Path, begun: float) -> None:
    write_json(folder / TIMING, {"cpu_seconds": time.process_time() - begun, "machine": machine()})


def _tidy(folder: Path) -> None:
    """Remove what only an unfinished run needs."""
    for leftover in [*folder.glob("part-*.safetensors"), folder / STATE]:
        leftover.unlink(missing_ok=True)


def finish(task: Task, state: State, recorder: Recorder, train: Examples) -> None:
    """Write what the end of the training leaves: columns, parameters, final logits and features."""
    final: dict[str, np.ndarray] = {}
    for prefix, part in (("", train), ("test_", task.test), ("validation_", task.validation)):
        logits, features = last_layer(task, state.network, part, state.device)
        if not np.isfinite(logits).all():
            raise TrainingFailed(
                "The network's outputs are no numbers after the last step.", "The steps are too large at the end.",
                f"lower the learning rate (it is {task.recipe.lr:g})",
            )  # fmt: skip
        final |= {f"final_{prefix}logits": logits, f"{prefix}features": features.astype(np.float16)}
    write_columns(recorder.folder, recorder, train.groups)
    write_arrays(recorder.folder / NETWORK, {k.removeprefix("n/"): v for k, v in flat("n", state.network).items()})
    write_arrays(recorder.folder / FINAL, final)
    if state.kept:
        write_arrays(recorder.folder / "kept.safetensors", state.kept)


def last_layer(task: Task, network: nn.Module, examples: Examples, device: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, outputs) and the inputs (n, d) of the last linear layer, in eval mode; without such a layer the logits
    twice.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    seen: list[torch.Tensor] = []
    hook = layers[-1].register_forward_pre_hook(lambda m, a: seen.append(a[0].flatten(1).cpu())) if layers else None
    try:
        logits = outputs(task, network, examples, device)
    finally:
        if hook is not None:
            hook.remove()
    per_chunk = -(-len(examples) // CHUNK)
    whole = len(seen) == per_chunk and sum(map(len, seen)) == len(examples)
    return logits, torch.cat(seen).float().clamp(-65504, 65504).numpy() if whole else logits


def rows_of(task: Task, only: Iterable[Any] | None, without: Iterable[Any] | None) -> np.ndarray:
    """The training rows chosen by ids, ascending."""
    if only is not None and without is not None:
        raise UsageError("Both only and without were given.", do="give one of them")
    chosen = without if only is None else only
    if chosen is None:
        return np.arange(len(task.train))
    named = np.asarray(list(chosen))
    known = (
        np.isin(named, task.train.ids)
        if named.dtype.kind == task.train.ids.dtype.kind or not len(named)
        else np.zeros(len(named), bool)
    )
    if not known.all():
        raise UsageError(f"{(~known).sum()} ids are not in the training set (first: {named[~known].tolist()[0]!r}).")
    inside = np.isin(task.train.ids, named)
    rows = np.flatnonzero(inside if only is not None else ~inside)
    if len(rows) < 2:
        raise UsageError(f"{len(rows)} training examples are left.", do="leave at least two")
    return rows


def scaled(task: Task, targets: np.ndarray) -> np.ndarray:
    """Targets on the scale of the network's outputs."""
    mean, std = task.target_scale
    return targets if task.classes else ((targets - mean) / std).astype(np.float32)


def record_of(kind: Any, task: Task, seed: int, more: dict[str, str]) -> Record:
    """The record of a run that begins."""
    count = sum(p.numel() for p in task.build().parameters())
    recipe = dataclasses.asdict(task.recipe) | {"methods": [repr(m) for m in task.recipe.methods]}
    name = (
        task.network
        if isinstance(task.network, str)
        else getattr(task.network, "__name__", type(task.network).__name__)
    )
    decisive = {"device": choose(task.recipe.device), "events": digest_of(events_of(task))}
    return Record(
        kind=kind, task=task.name, classes=task.classes, class_names=list(task.class_names),
        digests=task.digests | decisive | more, seed=seed, recipe=recipe,
        network={"name": name, "parameters": count}, versions=versions(),
    )  # fmt: skip


def digest_of(parts: Sequence[Any]) -> str:
    """A digest of events or learners: their code and their fields; UsageError for one whose fields nobody can list."""
    for part in parts:
        if not dataclasses.is_dataclass(part):
            raise UsageError(
                f"{type(part).__name__} is no dataclass.", "A run is named by the fields of what acts in it.",
                f"put @dataclass(frozen=True) above class {type(part).__name__}",
            )  # fmt: skip
    try:
        return digest([[code_of(type(part)), part] for part in parts])
    except TypeError as error:
        raise UsageError(
            "A field of an event or learner cannot be told apart.", f"({error})", "use numbers, text, arrays and tuples"
        ) from error


def learner_digest(learner: Any | None) -> str:
    """A digest of a learner; None, the task's own network, is named by the task's digests."""
    return digest(None) if learner is None else digest_of((learner,))


def clock_of(events: Sequence[Any]) -> str:
    """When a trajectory is read: "eval", in a clean pass, as soon as one event's logits belong to changed inputs."""
    return "eval" if any(getattr(event, "clock", "online") == "eval" for event in events) else "online"


def restart(folder: str | Path) -> None:
    """Remove a run folder of ours; RunError for anything else, so that nobody's files are lost."""
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        begun = all(p.name == LEARNING_RATE or p.suffix == TEMPORARY for p in folder.iterdir())
        if not begun and not (folder / RECORD).exists():
            raise RunError(f"{folder} is not a run folder.", do="choose another --out")
        shutil.rmtree(folder)


class _Resumed:
    """An event that has had its `fit_start` already."""

    def __init__(self, event: Any) -> None:
        self._event = event

    def __getattr__(self, name: str) -> Any:
        if name == "fit_start":
            raise AttributeError(name)
        return getattr(self._event, name)
