"""From what an audit found to actions: which examples, what is done with them, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.registry import every, find
from byheart.base.seeds import generator
from byheart.controls.action import counted
from byheart.controls.deduplicate import Deduplicate, kept_of
from byheart.controls.drop import Drop
from byheart.controls.generate import Generate, drawn
from byheart.controls.relabel import Relabel, label_of, suggested
from byheart.controls.reweight import Reweight, balancing, trusted
from byheart.controls.rows import Id, plain, rows_of_ids
from byheart.controls.stop import Stop, best_epoch
from byheart.diagnosis.share import memorized
from byheart.runs.named import call_of, literal

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit

What = str | Iterable[Any]  # a finding's code or "memorized", several of them, or ids
Probabilities = np.ndarray | None
HAND = "chosen by hand"
MEMORIZED = "memorized"
BELIEVED, OUTNUMBERED, COPIES = ("MEM001", "MEM004"), ("MEM003", "MEM008", "MEM009"), ("MEM002",)
OUT_OF_SAMPLE = "subset models: byheart audit ... --models 20, or probabilities= of byheart kfold"


def chosen(audit: Audit, what: What) -> tuple[Int[np.ndarray, "k"], str]:
    """The training rows that are meant, each once, and the reason."""
    names = [what] if isinstance(what, str) else list(what)
    codes = {*every("check"), MEMORIZED}
    if not names:
        raise UsageError("No examples are named.", do='name a finding, such as "MEM001", or ids')
    if not isinstance(what, str) and not all(isinstance(n, str) and n in codes for n in names):
        return rows_of(audit, names), HAND
    found = [named(audit, name) for name in names]
    rows = np.concatenate([rows for rows, _ in found])
    return rows[np.sort(np.unique(rows, return_index=True)[1])], " ".join(reason for _, reason in found)


def named(audit: Audit, name: str) -> tuple[Int[np.ndarray, "k"], str]:
    """The training rows of a finding, or of all that is memorized, and why."""
    if name == MEMORIZED:
        try:
            ids = memorized(audit.scores)
        except NotApplicable as reason:
            raise UsageError("What is memorized is not known.", f"({reason})") from reason
        return rows_of(
            audit, ids
        ), f"memorized: {len(ids)} of {len(audit.task.train)} examples with memorization >= .25."
    finding = audit[name]
    if not finding.count:
        raise UsageError(f"{name} is about the network as a whole.", "It names no examples.", finding.do)
    return rows_of(audit, finding.ids), f"{name} {finding.title}: {finding.evidence}"


def rows_of(audit: Audit, ids: Iterable[Any]) -> Int[np.ndarray, "k"]:
    """Training rows of ids; UsageError with the nearest code for what was meant to be one."""
    ids = list(ids)
    for name in ids:
        if isinstance(name, str) and name not in audit.task.train.ids.astype(str) and name.upper().startswith("MEM"):
            find("check", name)
    return rows_of_ids(audit.task, plain(np.asarray(list(ids))))


def ids_of(audit: Audit, rows: Int[np.ndarray, "k"]) -> tuple[Id, ...]:
    """Ids of training rows."""
    return plain(audit.task.train.ids[rows])


def out_of_sample(audit: Audit, given: Probabilities) -> Float[np.ndarray, "n classes"] | None:
    """Class probabilities (n, classes) from models that did not see the example; None where there are none."""
    task, many = audit.task, audit.scores.many
    if given is not None:
        if given.shape != (len(task.train), task.classes):
            raise UsageError(
                f"The probabilities have shape {given.shape}, not {(len(task.train), task.classes)}.",
                do="give a row for every training example and a column for every class",
            )
        return given.astype(np.float64)
    return many.out_of_sample()[0] if many is not None and task.is_classification else None


def dropping(audit: Audit, what: What) -> Drop:
    """Leave them out."""
    rows, reason = chosen(audit, what)
    return Drop(ids_of(audit, rows), reason)


def relabelling(audit: Audit, what: What | Mapping[Any, Any], probabilities: Probabilities = None) -> Relabel:
    """The labels that are given (id -> label), or the likeliest class out of sample where it is another one."""
    task = audit.task
    given = lambda rows: tuple(label_of(task, t) for t in task.train.targets[rows].tolist())  # noqa: E731
    if isinstance(what, Mapping):
        rows = rows_of(audit, what)
        return Relabel(ids_of(audit, rows), given(rows), tuple(what.values()), HAND)
    rows, reason = chosen(audit, what)
    if not task.is_classification:
        raise UsageError("A regression target has no likeliest class.", do="give targets: {id: target}")
    found = out_of_sample(audit, probabilities)
    if found is None:
        raise UsageError("Nobody says what the labels should be.", "No model left these examples out.", OUT_OF_SAMPLE)
    wrong, classes = suggested(found, rows, task.train.targets)
    if not len(wrong):
        raise UsageError("Models without these examples agree with their labels.", do="leave relabel out")
    same = len(rows) - len(wrong)
    reason += " New labels: what models that left the example out find likeliest."
    reason += f" {counted(same)} keep{'s' * (same == 1)} the label: they find it likeliest too." if same else ""
    return Relabel(ids_of(audit, wrong), given(wrong), tuple(label_of(task, k) for k in classes.tolist()), reason)


def reweighting(audit: Audit, what: What | Mapping[Any, float], probabilities: Probabilities = None) -> Reweight:
    """The weights that are given ("CODE=0.5", or id -> weight), or those that fit the finding.

    Labels in doubt (MEM001, MEM004) weigh what models without the example believe of them; rare and outnumbered
    examples (MEM003, MEM008, MEM009) as much as all others together, at most 20; copies (MEM002) one example together.
    """
    if isinstance(what, Mapping):
        return Reweight(ids_of(audit, rows_of(audit, what)), tuple(map(weight_of, what.values())), HAND)
    code, _, weight = what.partition("=") if isinstance(what, str) else ("", "", "")
    rows, reason = chosen(audit, code or what)
    if weight:
        return Reweight(ids_of(audit, rows), (weight_of(weight),) * len(rows), reason)
    if code in BELIEVED and (found := out_of_sample(audit, probabilities)) is not None:
        values = trusted(found, rows, audit.task.train.targets)
        reason += " Weight: the probability that models without the example give to its label."
    elif code in OUTNUMBERED:
        values = np.full(len(rows), balancing(len(rows), len(audit.task.train)))
        reason += " Weight: as much as all others together, at most 20."
    elif code in COPIES:
        group = np.asarray(audit[code].table["group"])
        values = 1 / np.bincount(group)[group]
        reason += " Weight: a set of copies counts as one example."
    else:
        why = OUT_OF_SAMPLE if code in BELIEVED else "no weight follows from this"
        raise UsageError("How much these examples should weigh is not known.", f"({why})", "write --reweight CODE=0.5")
    return Reweight(ids_of(audit, rows), tuple(round(float(w), 4) for w in values), reason)


def weight_of(value: Any) -> float:
    """A number; UsageError for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{value!r} is no weight.", do="write, for example, MEM001=0.5, or 3=0.5,17=2") from None


def deduplicating(audit: Audit, code: str, probabilities: Probabilities = None) -> Deduplicate:
    """One of each set of copies stays, with the label that most copies have, or that models without them believe."""
    rows, reason = named(audit, code)
    if "group" not in audit[code].table:
        raise UsageError(f"{code} does not say what is a copy of what.", do="name MEM002")
    group, found = np.asarray(audit[code].table["group"]), out_of_sample(audit, probabilities)
    keep, drop = [], []
    for number in np.unique(group):
        members = np.sort(rows[group == number])
        row = kept_of(members, audit.task.train.targets, found)
        keep.append(None if row is None else ids_of(audit, np.array([row]))[0])
        drop.append(ids_of(audit, members[members != row] if row is not None else members))
    return Deduplicate(tuple(keep), tuple(drop), reason)


def generating(audit: Audit, what: str, seed: int) -> Generate:
    """New examples from those of a finding, "smote=MEM003" or "smote(MEM003, count=50)", or from any, "mixup=200"."""
    kind, values, options = call_of(what)
    source, count = [*values, *[None] * (2 - len(values))][:2]
    count = options.pop("count", count)
    if options or len(values) > 2 or source is None:
        raise UsageError(
            f"{what!r} does not say what to generate.", do='write smote=MEM003, "smote(MEM003, 50)", mixup=200'
        )
    if isinstance(source, str) and not source.isdecimal():
        rows, reason = chosen(audit, source)
    elif count is not None:
        raise UsageError(f"{what!r} says twice how many.", do=f"write {kind}={source}")
    else:
        count, reason = literal(str(source)), "from randomly drawn examples"
        rows = generator(seed, "sources", kind).permutation(len(audit.task.train))
    if isinstance(count, bool) or not isinstance(count, int | None):
        raise UsageError(f"{count!r} is no number of examples.", do="give a whole number")
    return drawn(audit.task, kind, rows, len(rows) if count is None else count, seed, reason)


def stopping(audit: Audit, at: int | str) -> Stop:
    """At this epoch, or at the one that validation examples recommend ("best")."""
    run, text = audit.scores.run, str(at)
    if text.isdecimal():
        return Stop(int(text), HAND)
    if text != "best":
        raise UsageError(f"{at!r} is no epoch.", do="give a whole number, or best")
    if run is None:
        raise UsageError("No training was recorded that could say which epoch is best.", do="name the epoch")
    epoch, measure = best_epoch(run), "accuracy is highest" if audit.task.classes else "loss is lowest"
    if epoch >= run.epochs:
        raise UsageError(f"Smoothed validation {measure} at the end.", do="leave stop out, or name an epoch")
    return Stop(epoch, f"Smoothed validation {measure} at epoch {epoch} of {run.epochs}.")
