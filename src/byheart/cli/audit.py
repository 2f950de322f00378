"""byheart audit: the main job, from data to report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.base.errors import UsageError
from byheart.cli import say
from byheart.cli.budget import seconds
from byheart.cli.cluster import training
from byheart.cli.gate import Gate, gates
from byheart.cli.options import Flag, Methods, Queries, Verbose, Whole, WholeOrNone

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.diagnosis.audit import Audit

BUDGET = "2min"


def audit(
    source: str,
    /,
    *,
    plant: str | None = None,
    budget: str = BUDGET,
    models: WholeOrNone = None,
    ray: str | None = None,
    network: str | None = None,
    epochs: WholeOrNone = None,
    method: Methods = None,
    checkpoint: Path | None = None,
    out: Path | None = None,
    json: Flag = False,
    fail_on: str | None = None,
    seed: Whole = 0,
    fresh: Flag = False,
    redact: Flag = False,
    privacy: Flag = False,
    query: Queries = None,
    locate: Flag = False,
    verbose: Verbose = False,
) -> int:
    """Train, watch what is learned by heart, judge it, and write a report that opens in a browser.

    Args:
        source: A name (byheart ls tasks), file.py:function, or table.csv:target.
        plant: What to put into the data first, such as label-noise=0.1 or duplicates=20 (byheart ls plants).
        budget: Most time to spend, such as 90s, 2min or 1h; how many models are trained follows from it.
        models: Train exactly so many models on random subsets, whatever the budget.
        ray: Train what runs in parallel on the Ray cluster at HOST:PORT; auto is the one started on this machine. Say
            --models too.
        network: Name of another network (byheart ls networks).
        epochs: Passes over the training set.
        method: What acts in training, such as dropout=0.5 or "jtt(epochs=5)", several times for several (byheart ls
            methods).
        checkpoint: Weights (.safetensors or a PyTorch state dict) of a network that was trained already: nothing is
            trained, and the report says what that leaves open. With --privacy, models to compare it with are.
        out: Folder for the run and the report; by default one below runs/ that the task names.
        json: Print the audit as JSON instead of the summary.
        fail_on: Exit with 1 at findings of this severity (note, warn, error) or code (MEM001), or at a
            measure beyond a limit (memorized>5%, or with --privacy tpr@0.1%>2%); several are separated by commas.
        seed: Decides everything that is random.
        fresh: Forget an earlier audit in the same folder; otherwise the same command goes on or is instant.
        redact: Leave pictures, rows and texts out of the report.
        privacy: Attack the models that are trained anyway: which records could be recognized as trained on.
        query: Ask them about each image changed so as well, such as mirror, left=1 or mirror+up=2, several times for
            several: attacks read all answers.
        locate: Ask each layer how much of what was memorized it holds, rewound and trained anew.
        verbose: Print more than one screen, and the traceback of an error.
    """
    from byheart.base.progress import visible
    from byheart.base.registry import every
    from byheart.cli.source import task_of

    if ray and not models:
        raise UsageError(
            "What a budget buys is known of this machine alone, not of a cluster.", do="say how many: --models 64"
        )
    if query and (checkpoint is not None or not privacy):
        raise UsageError(
            "--query is what subset models are asked by attacks on them.", do="give --privacy, without --checkpoint"
        )
    most = seconds(budget)
    conditions = gates(fail_on, every("check") if fail_on else ())
    task = task_of(source, plant, network, epochs, seed, method)
    say.note(heading(task, seed))
    bought = {"budget": None if budget == BUDGET else budget, "models": models}
    if checkpoint is not None:
        options = {"plant": plant, "network": network, "checkpoint": checkpoint, "out": out, "seed": seed}
        options |= {"locate": locate} | ({"epochs": epochs, "method": method, **bought} if privacy else {})
        command = again(source, **options, redact=redact, privacy=privacy)
        page = "html_redacted" if redact else "html"
        with training(ray if privacy else None):
            found, folder = of_checkpoint(
                task, checkpoint, out, command, page, fresh, locate, (most, models) if privacy else None
            )
        return told(found, folder, json, conditions)
    from byheart.reports.audit import audit as whole
    from byheart.reports.audit import place

    folder = out or place(task, seed, query or ())
    options = {"plant": plant, **bought, "network": network, "epochs": epochs, "method": method, "out": out}
    options |= {"query": query}
    command = again(source, **options, seed=seed, redact=redact, privacy=privacy, locate=locate)
    with training(ray):
        found = whole(
            task, folder, most, seed, visible(), models=models, fresh=fresh, command=command, privacy=privacy,
            queries=query or (), locate=locate,
            page="html_redacted" if redact else "html",
            announce=lambda line: say.note(f"plan     {line}"),
        )  # fmt: skip
    return told(found, folder, json, conditions)


def of_checkpoint(
    task: Task, checkpoint: Path, out: Path | None, command: str, page: str, fresh: bool, locate: bool = False,
    attacked: tuple[float, int | None] | None = None,
) -> tuple[Audit, Path]:  # fmt: skip
    """The audit of a network that is trained already, and its folder; `attacked` with what a budget in seconds buys, or
    with exactly so many models.
    """
    from byheart.base.progress import visible
    from byheart.reports.checkpoint import SUBSETS, affordable, audit_checkpoint, place
    from byheart.reports.purchase import PLAN
    from byheart.runs.single import restart
    from byheart.runs.workers import workers

    folder = out or place(task, checkpoint)
    if fresh:
        restart(folder / "run")
        restart(folder / SUBSETS)
        (folder / PLAN).unlink(missing_ok=True)
    references, done = 0, "no training: the network is read from its checkpoint"
    if attacked:
        budget, models = attacked
        if models == 0:
            raise UsageError("A checkpoint without models to compare it with cannot be attacked.", do="--models 20")
        references = models or affordable(task, folder, budget, workers())
        done = f"the network is read from its checkpoint and compared with {references} subset models"
    say.note(f"plan     {done}")
    found = audit_checkpoint(
        task, checkpoint, folder, progress=visible(), page=page, command=command, locate=locate, references=references
    )
    return found, folder


def told(found: Audit, folder: Path, json: bool, conditions: Sequence[Gate]) -> int:
    """Print the audit, and say by the exit code whether a condition of --fail-on holds."""
    from byheart.base.registry import find
    from byheart.reports.privacy import measures, unknown

    if json:
        print((folder / "audit.json").read_text(encoding="utf-8"), end="")
    else:
        say.show(find("writer", "terminal")(found, folder / "audit.html"))
        if found.watched is not None and found.findings:
            say.note(f"next     {shlex.join(['byheart', 'control', str(folder), '--advise', '2min'])}")
    known = measured(found) | measures(found)
    why = unknown(found)
    reasons = [reason for gate in conditions for reason in gate.reasons(found.findings, known, why)]
    for reason in reasons:
        say.note(f"fail-on  {reason}")
    return 1 if reasons else 0


def heading(task: Task, seed: int) -> str:
    """One line: what is learned, by what, on what."""
    from byheart.base.devices import choose
    from byheart.runs.workers import workers

    parameters = sum(p.numel() for p in task.build().parameters())
    name = task.network if isinstance(task.network, str) else getattr(task.network, "__name__", "network")
    kind = f"{task.classes} classes" if task.is_classification else "regression"
    sizes = f"{len(task.train):,} train, {len(task.validation or ()):,} validation, {len(task.test):,} test"
    device = choose(task.recipe.device)
    what = f"{task.name} · {sizes}, {kind} · {name}, {parameters:,} parameters"
    return f"{what} · {device}, {workers()} workers · seed {seed}"


def again(source: str, **options: object) -> str:
    """The command that reproduces an audit: only what differs from the defaults, and always the seed."""
    words = ["byheart", "audit", source]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
        elif isinstance(value, list):
            words += [word for item in value for word in (f"--{name}", str(item))]
        elif value is not None and value is not False:
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def measured(found: Audit) -> dict[str, float]:
    """Measures of an audit by name, those that were not measured left out."""
    return {name: m.value for name, m in found.measures.items() if m.measured}
