"""What every writer says of an audit: the network, the accuracies, the turning epoch, where the numbers come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from byheart.diagnosis.share import MEMORIZED
from byheart.reports.times import steps_in
from byheart.reports.words import count, known, percent, seconds, short
from byheart.runs.schema import read_timing

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit
    from byheart.diagnosis.verdict import Measure


TWINS = {"twin": "regularized twin", "idle": "twin without idle inputs"}


@dataclass(frozen=True)
class Number:
    """A number with its name, its uncertainty in the text, and what it rests on."""

    name: str
    text: str
    rests_on: str = ""


def headline(audit: Audit) -> str:
    """Such as: digits · 1,197 train, 300 validation, 300 test, 10 classes · mlp, 26,122 parameters · seed 0."""
    task, run = audit.task, audit.scores.run
    held_out = f"{count(len(task.validation or ()))} validation, {count(len(task.test))} test"
    kind = f"{task.classes} classes" if task.is_classification else "a number to predict"
    parts = [task.name, f"{count(len(task.train))} train, {held_out}, {kind}"]
    if run is not None:
        network = run.record.network
        parts += [f"{network['name']}, {count(network['parameters'])} parameters"]
        parts += [f"seed {run.record.seed}"] if run.epochs else ["from a checkpoint"]
    return " · ".join(parts)


def turning_epoch(audit: Audit) -> int | None:
    """The epoch (from 1) where the smoothed validation loss is least; None when that is the end."""
    turn, run = audit.measures.get("turning_epoch"), audit.scores.run
    if turn is None or run is None or not known(turn.value) or turn.value >= run.epochs:
        return None
    return int(turn.value)


def performance(audit: Audit) -> list[Number]:
    """Accuracy (for regression: loss) on training and test examples at the end, and test accuracy at its best."""
    word = "accuracy" if audit.task.is_classification else "loss"
    names = {f"train_{word}": f"train {word}", f"test_{word}": f"test {word}", f"best_test_{word}": f"best test {word}"}
    found = []
    for key, name in names.items():
        measure = audit.measures.get(key)
        if measure is None or not measure.measured or not known(measure.value):
            continue
        rests_on = f"{count(measure.n)} examples" if not key.startswith("best") else measure.text
        # every training example was looked at: there is nothing that its accuracy is an estimate of
        shown = percent(measure.value) if key == "train_accuracy" else measure.shown
        found.append(Number(name, shown, rests_on))
    return found


def memorized_count(audit: Audit) -> Number | None:
    """How many examples are memorized; None without that score."""
    share, many = audit.measures.get("share"), audit.scores.many
    if share is None or not share.measured or not known(share.value):
        return None
    models = "" if many is None else f"{many.models} subset models"
    return Number(
        f"memorized ≥ {short(MEMORIZED)}", f"{count(round(share.value * share.n))} of {count(share.n)}", models
    )


def split(sentence: str) -> tuple[str, str]:
    """The first sentence and the rest."""
    for at in range(len(sentence) - 2):
        if sentence[at] == "." and sentence[at + 1] == " " and sentence[at + 2].isupper():
            return sentence[: at + 1], sentence[at + 2 :]
    return sentence, ""


def interval(measure: Measure) -> tuple[float, float] | None:
    """The ends of a measure's 95% interval, or two standard errors either side; None where neither is known."""
    if known(measure.low) and known(measure.high):
        return measure.low, measure.high
    if known(measure.value) and known(measure.se):
        return measure.value - 2 * measure.se, measure.value + 2 * measure.se
    return None


def how_made(audit: Audit) -> list[tuple[str, str]]:
    """Where the numbers come from: digests, network, recipe, seeds, versions; nothing that equal runs differ in."""
    run, many = audit.scores.run, audit.scores.many
    found = [("command", audit.command or "called from Python: byheart.audit(task)")]
    if run is not None:
        record = run.record
        found += [
            (f"{name} digest", value[:16]) for name, value in record.digests.items() if name in audit.task.digests
        ]
        found.append(("network", f"{record.network['name']}, {count(record.network['parameters'])} parameters"))
        recipe = [f"{name} {value}" for name, value in record.recipe.items() if value not in (None, [], ())]
        if run.epochs:
            found += [("recipe", ", ".join(recipe)), ("seed", str(record.seed)), ("clock", f"{record.clock} logits")]
        else:
            found.append(("training", "elsewhere; the network was read from a checkpoint"))
    if many is not None:
        found.append(
            ("subset models", f"{many.models}, seed {many.record.seed}, each on a random part of the examples")
        )
    for name, effect in audit.effects.items():
        if name in ("privacy", "location"):
            continue
        if name == "sweep":
            found.append(("sweep", f"{len(effect.table)} settings, {effect.seeds} seeds each"))
            continue
        if hasattr(effect, "differs"):
            found.append((TWINS.get(name, name), f"{effect.differs}; {effect.epochs} epochs, the same seed"))
            continue
        found.append(
            (f"utility of the {name}", f"{len(effect.without)} pairs, without {count(len(effect.ids))} examples")
        )
    if run is not None:
        found.append(("versions", ", ".join(f"{name} {value}" for name, value in run.record.versions.items())))
    return found


def times(audit: Audit) -> list[tuple[str, str]]:
    """Machine and time of each step, as far as they were written down."""
    run, many = audit.scores.run, audit.scores.many
    found: list[tuple[str, str]] = []
    if run is None:
        return found
    machine: dict[str, Any] = run.timing.get("machine", {})
    if machine:
        found.append(
            (
                "machine",
                ", ".join(f"{value} {name}" if name == "cores" else str(value) for name, value in machine.items()),
            )
        )
    if "cpu_seconds" in run.timing:
        found.append(("one training", f"{seconds(run.timing['cpu_seconds'])} of CPU"))
    if many is not None:
        spent = read_timing(many.folder)
        if spent.get("models"):
            found.append(("subset models", f"{spent['models']} in {seconds(spent.get('cpu_seconds', 0.0))} of CPU"))
    if steps := steps_in(run.folder.parent):
        found.append(("steps", ", ".join(f"{name} {seconds(value)}" for name, value in steps.items())))
    return found
