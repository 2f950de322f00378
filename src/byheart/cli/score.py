"""byheart score: every score that the recorded evidence allows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from byheart.cli import say
from byheart.cli.options import Flag, Verbose


def score(
    run: Path,
    /,
    *,
    subsets: Path | None = None,
    task: str | None = None,
    plant: str | None = None,
    network: str | None = None,
    names: Annotated[str | None, Parameter(name="--scores")] = None,
    out: Path | None = None,
    json: Flag = False,
    verbose: Verbose = False,
) -> int:
    """Compute every score that a recorded run allows, without training.

    Args:
        run: Folder that byheart record or byheart audit made.
        subsets: Folder of the models on random subsets; RUN/subsets when that exists.
        task: What the run was recorded from, as byheart record was given it: for scores that read the trained network.
        plant: What was put into that task's data, with the run's seed.
        network: The other network that the task was given.
        names: Only these scores, separated by commas (byheart ls scores).
        out: Also write the table, one row an example, to this .parquet or .csv file.
        json: Print every value as JSON.
        verbose: Show the traceback of an error.
    """
    import byheart
    from byheart.cli.source import task_of
    from byheart.runs.schema import RECORD

    subsets = subsets or (run / "subsets" if (run / "subsets").is_dir() else None)
    whole = not (run / RECORD).exists() and (run / "run" / RECORD).exists()  # the folder of an audit
    recorded = byheart.Run(run / "run" if whole else run)
    scores = byheart.score(
        recorded,
        byheart.SubsetRuns(subsets) if subsets else None,
        task=task_of(task, plant, network, seed=recorded.record.seed) if task is not None else None,
        names=[name.strip() for name in names.split(",")] if names else None,
    )
    frame = scores.to_pandas()
    if out is not None:
        _write(frame, out)
    if json:
        say.as_json({"run": run, "subsets": subsets, "skipped": scores.skipped, "notes": scores.notes,
                     "examples": frame.to_dict("list")})  # fmt: skip
        return 0
    rows = []
    for name, column in scores.columns.items():
        known = column[column == column]
        spread = [f"{q:.4g}" for q in _quantiles(known)] if len(known) else ["-"] * 3
        rows.append([name, f"{len(known):,}", *spread, _direction(name)])
    say.table(["score", "known for", "10 %", "median", "90 %", "high means"], rows)
    for name, text in scores.notes.items():
        say.note(f"how  {name}: {text}")
    for name, why in scores.skipped.items():
        say.note(f"skipped  {name}: {why}")
    return 0


def _quantiles(values) -> list[float]:
    import numpy as np

    return [float(q) for q in np.quantile(values, [0.1, 0.5, 0.9])]


def _direction(name: str) -> str:
    from byheart.base.registry import every

    spec = every("score").get(name)
    return getattr(spec, "higher", "")


def _write(frame, path: Path) -> None:
    from byheart.base.errors import UsageError
    from byheart.base.store import atomically, write_table

    if path.suffix == ".parquet":
        write_table(path, frame)
    elif path.suffix == ".csv":
        atomically(path, lambda partial: frame.to_csv(partial, index=False))
    else:
        raise UsageError(f"--out {path} is neither .parquet nor .csv.", do="end the name with one of them")
    say.note(f"wrote  {path}")
