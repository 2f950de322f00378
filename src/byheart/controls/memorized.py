"""What a setting memorizes, measured by models on random subsets beside one watched run."""

from __future__ import annotations

from pathlib import Path

from byheart.base.errors import RunError, TrainingFailed
from byheart.base.seeds import spawn
from byheart.base.store import read_json, write_json
from byheart.controls.setting import Setting
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.share import shares
from byheart.diagnosis.uncertainty import UNKNOWN, Interval
from byheart.runs.learning_rate import with_rate
from byheart.runs.single import record
from byheart.runs.subsets import record_subsets
from byheart.scores.table import score


def measure(base: Task, setting: Setting, models: int, seed: int, rate: float | None, path: Path) -> None:
    """Write the share of the training examples that a setting memorizes (memorization >= .25) into `path`; run
    and models lie beside it.

    Data are those of the first seed; below 32 models the estimates are shrunk towards what the run's trajectory says.
    A setting that diverges has none.
    """
    task = setting.task(base, spawn(seed, "data", 0))
    if task.recipe.lr is None and rate is not None:
        task = with_rate(task, rate)
    found = UNKNOWN
    if task.recipe.lr is not None:
        try:
            run = record(task, path.parent / "run", spawn(seed, "training", 0))
            many = record_subsets(task, models, path.parent / "subsets", seed, jobs=1)
        except TrainingFailed:
            pass
        else:
            sign = shares(Evidence(task, run, many, score(run, many, ["memorization"])))["share"]
            found = Interval(sign.value, sign.low, sign.high)
    write_json(path, [v if v == v else None for v in found])


def read_share(path: Path) -> Interval:
    """What `measure` wrote; RunError when it is damaged."""
    try:
        return Interval(*(float("nan") if v is None else float(v) for v in read_json(path)))
    except (TypeError, ValueError) as error:
        raise RunError(f"{path} is damaged.", f"({error})", "delete it; it is measured again") from error
