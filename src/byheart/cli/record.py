"""byheart record: train once and watch every example."""

from __future__ import annotations

from pathlib import Path

from byheart.base.errors import UsageError
from byheart.cli import say
from byheart.cli.cluster import training
from byheart.cli.options import Flag, Methods, Verbose, Whole, WholeOrNone


def record(
    source: str,
    /,
    *,
    out: Path,
    models: Whole = 0,
    ray: str | None = None,
    mirror: str | None = None,
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
        ray: Train these models on the Ray cluster at HOST:PORT; auto is the one started on this machine.
        mirror: Copy each of these models to an URL that fsspec reaches, such as s3://bucket/folder or
            file:///shared/folder, and do not train again what is there.
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
    if not models and (ray or mirror):
        raise UsageError("--ray and --mirror are about models on random subsets.", do="say how many: --models 64")
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
        with training(ray):
            place = out / "subsets"
            byheart.record_subsets(task, models=models, out=place, seed=seed, progress=visible(), mirror=mirror)
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
