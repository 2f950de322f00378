"""byheart control: what an audit found, turned into a plan; and what the plan changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.errors import UsageError
from byheart.cli import say
from byheart.cli.options import Flag, Methods, Verbose, Whole
from byheart.cli.plan_tables import content, show_advice, show_change, show_plan, told
from byheart.cli.which import examples

if TYPE_CHECKING:
    from byheart.controls.change import Change
    from byheart.controls.plan import Plan
    from byheart.diagnosis.audit import Audit


def control(
    audit: Path,
    /,
    *,
    drop: str | None = None,
    relabel: str | None = None,
    reweight: str | None = None,
    deduplicate: str | None = None,
    generate: str | None = None,
    stop_at: str | None = None,
    method: Methods = None,
    plan: Path | None = None,
    folds: Path | None = None,
    out: Path | None = None,
    apply: Flag = False,
    advise: str | None = None,
    seeds: Whole = 5,
    models: Whole = 0,
    json: Flag = False,
    verbose: Verbose = False,
) -> int:
    """Make a plan of what an audit found, and with --apply train with and without it and show before and after.

    Args:
        audit: Folder of the audit.
        drop: Leave examples out: a finding (MEM001), several (MEM001,MEM004), memorized, or ids (3,17,44).
        relabel: Give them the label that models without them find likeliest (MEM001), or labels of your own
            (3=cat,17=dog).
        reweight: Have them count more or less in the loss: MEM001, MEM001=0.5, or 3=0.5,17=2.
        deduplicate: Keep one of each set of copies: MEM002.
        generate: Add new examples: smote=MEM003, "smote(MEM003, count=50)", mixup=200 or noise=200.
        stop_at: End training after so many epochs; best takes the epoch that validation examples recommend.
        method: What acts in training beside, such as dropout=0.5, several times for several (byheart ls methods).
        plan: A plan's file, as it was written or edited, in place of the above.
        folds: Folder of byheart kfold whose out-of-fold predictions stand for those of subset models.
        out: File for the plan; by default one in the audit's folder, below control/.
        apply: Train with and without the plan, in pairs, and compare; the same command goes on where it stopped.
        advise: Measure the plans that fit the audit, as many as this time buys (90s, 2min, 1h), and rank them.
        seeds: How many pairs of trainings.
        models: Measure too what is memorized before and after, with so many models on random subsets of each.
        json: Print plan and change as JSON.
        verbose: Show the traceback of an error.
    """
    from byheart.cli.audited import audited

    asked = {"drop": drop, "relabel": relabel, "reweight": reweight, "deduplicate": deduplicate, "generate": generate}
    asked |= {"stop_at": stop_at, "methods": method or None}
    wanted = {name: value for name, value in asked.items() if value is not None}
    if sum([bool(wanted), plan is not None, advise is not None]) != 1:
        some = "Nothing is to be done" if not wanted else "Too much is asked for at once"
        raise UsageError(f"{some}.", do="give actions (--drop MEM001), or --plan FILE, or --advise 2min")
    found = audited(audit)
    if advise is not None:
        return advised(found, advise, seeds, json)
    from byheart.controls.plan import Plan

    made = Plan.load(plan) if plan is not None else planned(found, wanted, folds)
    file = out or (plan if plan is not None else audit / "control" / f"{made.name}.json")
    if file != plan:
        made.save(file)
    change = applied(found, made, seeds, models) if apply else None
    if json:
        say.as_json(content(made, file, change))
        return 0
    show_plan(made, len(found.task.train))
    say.note(f"plan     {file}")
    if change is None:
        say.note(f"next     byheart control {audit} --plan {file} --apply")
    else:
        show_change(change)
    return 0


def planned(found: Audit, wanted: dict[str, Any], folds: Path | None) -> Plan:
    """The plan that the options ask for."""
    from byheart.controls.verbs import control as whole

    probabilities = None
    if folds is not None:
        from byheart.runs.kfold import KFold

        probabilities = KFold(folds)["probabilities"]
    given = {
        name: examples(found.task, v) if name in ("drop", "relabel", "reweight") else v for name, v in wanted.items()
    }
    return whole(found, **given, probabilities=probabilities)


def applied(found: Audit, plan: Plan, seeds: int, models: int) -> Change:
    """What the plan changes, measured."""
    from byheart.base.progress import visible
    from byheart.controls.advise import folder_of
    from byheart.controls.effect import effect

    more = f" and 2 x {models} models on random subsets" if models else ""
    say.note(f"apply    {seeds} pairs of trainings{more}; the same command goes on where it stopped")
    seed = found.scores.run.record.seed if found.scores.run is not None else 0
    return effect(found.task, plan, seeds, folder_of(found), models=models, seed=seed, progress=visible())


def advised(found: Audit, budget: str, seeds: int, json: bool) -> int:
    """Measure and rank what could be done."""
    from byheart.base.progress import visible
    from byheart.cli.budget import seconds
    from byheart.controls.advise import advise

    seed = found.scores.run.record.seed if found.scores.run is not None else 0
    ranked = advise(found, seconds(budget), seeds=seeds, seed=seed, progress=visible())
    if json:
        say.as_json([told(each) for each in ranked])
        return 0
    show_advice(ranked, seeds)
    return 0
