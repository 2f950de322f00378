"""byheart doctor: whether a long run would succeed, found out in seconds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.base.errors import ByheartError, StorageError
from byheart.cli import say
from byheart.cli.options import Flag, Verbose

if TYPE_CHECKING:
    from byheart.data.task import Task

Line = tuple[str, str]  # what was looked at, what was found
FEW = 64  # examples of the dry run


def doctor(source: str | None = None, /, *, json: Flag = False, verbose: Verbose = False) -> int:
    """Check versions, data folder and disk; with SOURCE also one batch of it, and which scores it allows.

    Args:
        source: A name (byheart ls tasks), file.py:function, or table.csv:target.
        json: Print JSON.
        verbose: Show the traceback of an error.
    """
    checks: list[Callable[[], Iterator[Line]]] = [_versions, _machine, _data, _disk]
    if source is not None:
        checks.append(lambda: _dry_run(source))
    lines, code = [], 0
    for check in checks:
        try:
            lines += [{"ok": True, "what": what, "found": found} for what, found in check()]
        except ByheartError as error:
            code = code or error.exit_code
            lines.append({"ok": False, "what": "error", "found": str(error)})
    if json:
        say.as_json(lines)
    else:
        say.table(["", "", ""], [["ok" if line["ok"] else "no", line["what"], line["found"]] for line in lines])
    return code


def _versions() -> Iterator[Line]:
    from byheart.base.provenance import versions

    yield "versions", " · ".join(f"{name} {version}" for name, version in versions().items())


def _machine() -> Iterator[Line]:
    import torch

    from byheart.base.provenance import cores

    accelerator = (
        "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "no accelerator"
    )
    yield "machine", f"{cores()} cores · {accelerator}"


def _data() -> Iterator[Line]:
    home = os.environ.get("BYHEART_DATA")
    if not home:
        yield "data", "BYHEART_DATA is not set: embedded data sets work, others are fetched when used"
    elif not Path(home).is_dir():
        raise StorageError(f"BYHEART_DATA={home} is not a folder.", do="create it, or unset the variable")
    else:
        yield "data", f"{home}: {', '.join(sorted(p.name for p in Path(home).iterdir() if p.is_dir())) or 'empty'}"


def _disk() -> Iterator[Line]:
    import shutil

    here = Path.cwd()
    try:
        with tempfile.NamedTemporaryFile(dir=here, prefix=".byheart-doctor-") as file:
            file.write(b"written")
    except OSError as error:
        why = f"{error.strerror or error}."
        raise StorageError(f"{here} cannot be written to.", why, "go elsewhere, or give commands an --out") from error
    yield "disk", f"{here} can be written to, {shutil.disk_usage(here).free / 1e9:,.1f} GB free"


def _dry_run(source: str) -> Iterator[Line]:
    from byheart.cli.source import task_of

    task = task_of(source)
    kind = f"{task.classes} classes" if task.is_classification else "regression"
    sizes = f"{len(task.train):,} train, {len(task.held_out):,} held out"
    yield "task", f"{task.name}: {sizes}, inputs {task.input_shape}, {kind}"
    network = task.build()
    parameters = sum(p.numel() for p in network.parameters())
    yield "network", f"{type(network).__name__}, {parameters:,} parameters, {task.outputs} outputs"
    yield from _scores(task)


def _scores(task: Task) -> Iterator[Line]:
    """Record a few examples for two epochs, in a folder that goes away, and see what can be scored."""
    import dataclasses

    import numpy as np

    import byheart

    rows = np.unique(np.linspace(0, len(task.train) - 1, min(FEW, len(task.train))).astype(int))
    recipe = dataclasses.replace(task.recipe, epochs=2, lr=task.recipe.lr or 1e-3)
    truth = {name: mask[rows] for name, mask in task.truth.items()}
    small = dataclasses.replace(task, train=task.train.take(rows), truth=truth, recipe=recipe)
    with tempfile.TemporaryDirectory(prefix="byheart-doctor-") as folder:
        run = byheart.record(small, out=Path(folder) / "run")
        yield "batch", f"{len(rows)} examples trained for 2 epochs: loss {np.nanmean(run['loss'][-1]):.3g}"
        alone = byheart.score(run)
        many = byheart.record_subsets(small, models=8, out=Path(folder) / "subsets", jobs=1)
        both = byheart.score(run, many)
        yield "scores", f"from one run: {', '.join(alone.columns)}"
        yield (
            "scores",
            f"from models on random subsets too: {', '.join(n for n in both.columns if n not in alone.columns)}",
        )
        for name, why in both.skipped.items():
            yield "not", f"{name}: {why}"
