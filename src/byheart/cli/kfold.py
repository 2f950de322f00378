"""byheart kfold: cross-validation whose predictions can be used further."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.cli import say
from byheart.cli.options import Flag, Methods, Verbose, Whole, WholeOrNone

if TYPE_CHECKING:
    from byheart.runs.kfold import KFold

FIRST = 8


def kfold(
    source: str,
    /,
    *,
    folds: Whole = 5,
    plant: str | None = None,
    network: str | None = None,
    epochs: WholeOrNone = None,
    method: Methods = None,
    out: Path | None = None,
    json: Flag = False,
    seed: Whole = 0,
    fresh: Flag = False,
    verbose: Verbose = False,
) -> int:
    """Cross-validate: every training example is answered by a network that was trained on the other folds.

    Args:
        source: A name (byheart ls tasks), file.py:function, or table.csv:target.
        folds: How many parts; so many networks are trained.
        plant: What to put into the data first, such as label-noise=0.1 (byheart ls plants).
        network: Name of another network (byheart ls networks).
        epochs: Passes over the training set.
        method: What acts in training, such as dropout=0.5, several times for several (byheart ls methods).
        out: Folder for the predictions; by default one below runs/ that the task names.
        json: Print the summary as JSON.
        seed: Decides everything that is random.
        fresh: Forget what is in the folder; otherwise the same command goes on or is instant.
        verbose: Show the traceback of an error.
    """
    from byheart.base.progress import visible
    from byheart.base.store import digest
    from byheart.cli.source import task_of

    task = task_of(source, plant, network, epochs, seed, method)
    from byheart.runs.kfold import kfold as whole
    from byheart.runs.single import restart

    folder = out or Path("runs") / f"{task.name}-kfold-{digest(task.digest, folds, seed)[:6]}"
    if fresh:
        restart(folder)
    found = whole(task, folds, folder, seed, progress=visible())
    told = summary(found)
    if json:
        say.as_json(told)
        return 0
    print(folder)
    scale, unit, digits = (100, " %", 1) if found.classes else (1, "", 3)
    number = lambda value: f"{scale * value:.{digits}f}"  # noqa: E731
    say.note(
        f"{told['measure']:<9}{number(told['value'])}{unit} [{number(told['low'])}, {number(told['high'])}], 95% over "
        f"the {told['examples']:,} examples, each answered once out of fold"
    )
    say.note(f"{'folds':<9}{', '.join(map(number, told['by_fold']))}; the interval does not cover other training sets")
    if found.classes:
        first = ", ".join(map(str, told["doubted"][:FIRST])) + (", ..." if len(told["doubted"]) > FIRST else "")
        doubts = f"{len(told['doubted'])} labels that confident learning doubts" + (f": {first}" if first else "")
        say.note(f"{'labels':<9}{doubts}")
    return 0


def summary(found: KFold) -> dict[str, Any]:
    """What cross-validation says, as plain values."""
    import numpy as np

    from byheart.diagnosis.intervals import mean_measure, share_measure
    from byheart.scores.subset.confident_learning import label_errors

    measure = share_measure("accuracy", found.values) if found.classes else mean_measure("loss", found.values, "loss")
    doubted = np.zeros(len(found.ids), bool)
    if found.classes:
        doubted = label_errors(found["probabilities"], found.targets.astype(int))
    return {
        "folder": found.folder, "task": found.record.task, "folds": found.count, "examples": len(found.ids),
        "measure": measure.name, "value": measure.value, "low": measure.low, "high": measure.high,
        "over": "95% over examples, for these networks; not over other training sets", "by_fold": found.by_fold,
        "doubted": found.ids[doubted],
    }  # fmt: skip
