"""byheart record: train once and watch every example."""

from __future__ import annotations

from pathlib import Path

from byheart.base.errors import UsageError
from byheart.cli import say
from byheart.cli.options import Flag, Methods, Verbose, Whole, WholeOrNone


def record(
    source: str,
    /,
    *,
    out: Path,
    models: Whole = 0,
    plant: str | None = None,
    network: str | None = None,
    epochs: WholeOrNone = None,
    method: Methods = None,
    second_split: Flag = False,
    threshold_samples: Flag = False,
    seed: Whole = 0,
    fresh: Flag = False,
    verbose: Verbose = False,
) -> int:
    """Train once and record every example in every epoch; the same command again goes on where it stopped.

    Args:
        source: A name (byheart ls tasks), file.py:function, or table.csv:target.
        out: Folder of the run.
        models: Train so many models on random subsets as well, into OUT/subsets.
        plant: What to put into the data, such as label-noise=0.1 or duplicates=20 (byheart ls plants).
        network: Name of another network (byheart ls networks).
        epochs: Passes over the training set.
        method: What acts in training, such as dropout=0.5 or "jtt(epochs=5)", several times for several (byheart ls
            methods).
        second_split: Also train on one half and then on the other alone, both ways round, into OUT/second_split: when
            each example is forgotten.
        threshold_samples: Also train twice with some examples under a class that does not exist, into
            OUT/threshold_samples: how low the margin of a wrong label lies.
        seed: Decides everything that is random.
        fresh: Forget an earlier run in the same folder; otherwise the same command goes on or is instant.
        verbose: Show the traceback of an error.
    """
    from byheart.base.progress import visible
    from byheart.cli.source import task_of

    if models < 0 or models == 1:
        raise UsageError(f"--models {models}: so many cannot be compared.", do="give 0 for none, or 2 and more")
    task = task_of(source, plant, network, epochs, seed, method)
    options = {"second-split": second_split, "threshold-samples": threshold_samples}
    beside = [name for name, wanted in options.items() if wanted]
    if beside and not task.is_classification:
        raise UsageError(f"--{beside[0]} needs classes, and {task.name} is a regression task.", do="leave it out")
    import byheart
    from byheart.runs.learning_rate import settled
    from byheart.runs.single import restart

    if fresh:
        restart(out)
    task = settled(task, out)  # once for all that is trained here
    run = byheart.record(task, out=out, seed=seed, progress=visible())
    if models:
        byheart.record_subsets(task, models=models, out=out / "subsets", seed=seed, progress=visible())
    if second_split:
        from byheart.runs.second_split import second_split as split

        split(task, out / "second_split", seed, visible())
    if threshold_samples:
        from byheart.runs.threshold_samples import threshold_samples as sample

        sample(task, out / "threshold_samples", seed, visible())
    n, epochs_done = run["loss"].shape[1], run["loss"].shape[0]
    say.note(
        f"{task.name}: {n:,} examples, {epochs_done} epochs"
        + (f", {models} models on random subsets" if models else "")
        + "".join(f", {name.replace('-', ' ')}" for name in beside)
    )
    if run.shortfall:
        say.note(run.shortfall)
    print(out)
    say.note(f"next  byheart score {out}" + (f" --subsets {out / 'subsets'}" if models else ""))
    return 0
