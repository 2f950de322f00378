"""What an audit buys: how many models and pairs its budget affords, written down so that the same command goes on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.errors import RunError
from byheart.base.store import read_json, write_json

if TYPE_CHECKING:
    from byheart.data.task import Task
    from byheart.runs.run import Run

PLAN = "plan.json"
AGAIN = "delete it; the plan is made again"
MOST = 100_000  # models or pairs; a plan that asks for more was damaged


def intention(
    task: Task, folder: Path, budget: float, models: int | None, pairs: int | None, jobs: int, besides: float = 0.0
) -> tuple[str, ...]:
    """A line that says what will be done and how long it takes, and one more where the budget buys no subset models;
    `besides` are trainings that something else costs.
    """
    from byheart.runs.cost import afford, pace, priced

    plan = kept(folder)
    layers = ", memorization located by layer" if besides else ""
    if plan["budget"] >= budget and models is None:
        return (
            f"{task.recipe.epochs} epochs, {plan['models']} subset models, "
            f"{plan['pairs']} pairs without the memorized{layers}: as begun in {folder}",
        )
    one = pace(task) * 1.3  # held-out passes and recording come on top of the steps
    bought = afford(one, budget - (1 + besides) * one, jobs)
    m = max(bought.models, plan["models"]) if models is None else models
    p = max(bought.pairs, plan["pairs"]) if pairs is None else pairs
    seconds = (1 + besides) * one + priced(one, m, p, jobs)
    whose = f"of the {budget:g} s budget" if models is None else "whatever the budget"
    twin = " and a regularized twin" if p else ""
    what = f"{task.recipe.epochs} epochs, {m} subset models, {p} pairs without the memorized{twin}{layers}"
    line = f"{what}: about {seconds:.0f} s {whose}"
    return (line, too_little(task, one, budget, jobs, besides)) if models is None and not m else (line,)


def too_little(task: Task, one: float, budget: float, jobs: int, besides: float) -> str:
    """What a budget that buys no subset models leaves out, and what would buy some; `one` training takes so long."""
    from byheart.runs.cost import LADDER, priced

    needed = (1 + besides) * one + priced(one, LADDER[0][0], 0, jobs)
    fixed = priced(0.0, LADDER[0][0], 0, jobs)
    epochs = int(task.recipe.epochs * (budget - fixed) / (1.1 * (needed - fixed)))  # the pace is an estimate
    fewer = f", and so would --epochs {epochs} within this one" if epochs > 0 else ""
    first = "one training alone takes longer than the budget" if one > budget else "the budget buys no subset models"
    return (
        f"{first}: nothing says what is memorized beside what is learned, nor can it be attacked; "
        f"--budget {math.ceil(1.1 * needed / 60)}min would buy {LADDER[0][0]} subset models{fewer}"
    )


def kept(folder: Path) -> dict[str, Any]:
    """The plan that was made here before."""
    path = folder / PLAN
    if not path.exists():
        return {"budget": 0.0, "models": 0, "pairs": 0}
    plan = read_json(path)
    try:
        budget, models, pairs = float(plan["budget"]), plan["models"], plan["pairs"]
    except (KeyError, TypeError, ValueError, OverflowError):
        budget = models = pairs = math.nan
    if not 0 <= budget < math.inf or not counted(models) or not counted(pairs):
        raise RunError(f"{path} is damaged.", "It names no budget with its models and pairs.", AGAIN)
    return {"budget": budget, "models": models, "pairs": pairs}


def counted(value: Any) -> bool:
    """Whether this is how many models or pairs a plan can have: none, or from two up to what no budget buys."""
    return isinstance(value, int) and not isinstance(value, bool) and value != 1 and 0 <= value <= MOST


def purchase(
    run: Run, folder: Path, budget: float, models: int | None, pairs: int | None, jobs: int, besides: float = 0.0
) -> tuple[int, int]:
    """How many models and pairs; decided once for a budget, so that the same command goes on with the same plan.

    What the watched run took stands in its folder, so that an interruption before the plan changes nothing; `besides`
    are trainings like it that something else costs.
    """
    from byheart.runs.cost import afford

    plan = kept(folder)
    if budget > plan["budget"] and (models is None or pairs is None):
        took = float(run.timing.get("cpu_seconds", 0.0))
        bought = afford(took, budget - (1 + besides) * took, jobs)
        plan = {
            "budget": budget,
            "models": max(bought.models, plan["models"]),
            "pairs": max(bought.pairs, plan["pairs"]),
        }
    plan |= {"models": plan["models"] if models is None else models, "pairs": plan["pairs"] if pairs is None else pairs}
    write_json(folder / PLAN, plan)
    return plan["models"], plan["pairs"]
