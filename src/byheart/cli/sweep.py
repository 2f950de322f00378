"""byheart sweep: the task in many settings, and what each of them generalizes and memorizes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from byheart.base.errors import UsageError
from byheart.cli import say
from byheart.cli.audit import again
from byheart.cli.options import Flag, Methods, Verbose, Whole, WholeOrNone

Vary = Annotated[list[str] | None, Parameter(negative="", show_default=False)]


def sweep(
    source: str,
    /,
    *,
    vary: Vary = None,
    seeds: Whole = 3,
    models: Whole = 0,
    design: Literal["grid", "one-at-a-time"] = "grid",
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
    """Train in many settings with several seeds; one table and one picture of what is generalized and memorized.

    Args:
        source: A name (byheart ls tasks), file.py:function, or table.csv:target.
        vary: What to vary, such as dropout=0,0.2,0.5 or hidden=64x64,256x256 or size=100,300,1000, several times for
            several. A field of the recipe (epochs, batch, optimizer, lr, weight_decay, ...), a method, a plant, an
            argument of the network (also width, depth), or network, size, method, plan, augment, scaling.
        seeds: How many trainings of each setting, with other data draws and other starts.
        models: Measure what each setting memorizes with so many models on random subsets; 0 for none.
        design: All combinations (grid), or the first value of each and every other beside those (one-at-a-time).
        plant: What to put into the data in all settings, such as label-noise=0.1 (byheart ls plants).
        network: Name of another network (byheart ls networks).
        epochs: Passes over the training set.
        method: What acts in training in all settings, such as dropout=0.5 (byheart ls methods).
        out: Folder for trainings and table; by default one below runs/ that task and settings name.
        json: Print the sweep as JSON instead of the table.
        seed: Decides everything that is random.
        fresh: Forget an earlier sweep in the same folder; otherwise the same command goes on or is instant.
        verbose: Show the traceback of an error.
    """
    from byheart.base.progress import visible
    from byheart.base.registry import find
    from byheart.cli.source import task_of

    if not vary:
        raise UsageError("Nothing is varied.", do="give, for example, --vary dropout=0,0.2,0.5")
    task = task_of(source, plant, network, epochs, seed, method)
    from byheart.controls.sweep import default
    from byheart.controls.sweep import sweep as whole
    from byheart.controls.vary import factors_of
    from byheart.runs.single import restart

    folder = out or default(task, factors_of(vary, task), seed)
    if fresh:
        restart(folder)
    options = {"vary": vary, "seeds": seeds, "models": models or None, "design": None if design == "grid" else design}
    options |= {"plant": plant, "network": network, "epochs": epochs, "method": method, "out": out}
    command = again(source, **options, seed=seed).replace("byheart audit", "byheart sweep", 1)
    found = whole(
        task, vary, seeds, folder, models=models, design=design, seed=seed, progress=visible(), command=command,
        announce=lambda line: say.note(f"plan     {line}"),
    )  # fmt: skip
    if json:
        print((folder / "sweep.json").read_text(encoding="utf-8"), end="")
    else:
        say.show(find("writer", "sweep_terminal")(found, folder / "sweep.html"))
    return 0
