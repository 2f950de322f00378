"""MEM001: examples whose given label is wrong."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import WHY, Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.proportion import wilson, wilson_many
from byheart.diagnosis.turning import turning_epoch
from byheart.runs.left_out import votes

# Two witnesses say what the label would have been without learning it by heart: models that never saw the example, and
# the network itself early on. Either alone flags hard examples too. A label is wrong when both together believe another
# one at least ODDS times as much, and models that never saw it give it less than DOUBT. How these were fixed, and on
# which data: docs/decisions/0004-wrong-labels.md.
ODDS, DOUBT = 7.0, 0.1
FLOOR = 0.01  # what a witness that never says a class still leaves it: few epochs and models cannot rule it out


@check("MEM001", title="mislabelled", severity="warn", needs="trajectory")
def mislabelled(evidence: Evidence) -> Finding | None:
    """Labels against which the network, before it learned by heart, and models without the example agree on another.

    Without subset models the trajectory alone decides, which is weaker, and the finding says so.
    """
    rows, witnesses = suspects(evidence)
    if len(rows) == 0:
        return None
    task, n = evidence.task, len(evidence.task.train)
    share, low, high = wilson(len(rows), n)
    size = f"{len(rows)} of {n} examples ({share:.1%} [{low:.1%}, {high:.1%}])"
    line = f"another label is believed more than {ODDS:g} times as much as the given one"
    if witnesses == "both":
        seen = f"by models that left them out (which give the label less than {DOUBT:g}) and by the network early in"
        text = f"{size}: {line}, {seen} training."
    else:
        text = f"{size}: {line} by the network early in training. No subset models confirm it: one witness is weaker."
    belief, other = beliefs(evidence)
    return Finding(
        "MEM001", "mislabelled", "warn" if witnesses == "both" else "note", task.train.ids[rows], n, text,
        "look at them; then correct the labels (see `suggested`) or leave them out: byheart.record(task, without=ids)",
        told(evidence, rows) | {"belief": belief[rows], "belief_in_other": other[rows]},
        "held_out_label_probability" if witnesses == "both" else "cumulative_loss_early",
    )  # fmt: skip


def suspects(evidence: Evidence) -> tuple[np.ndarray, str]:
    """Rows (k,) that are mislabelled by the rule, the clearest first, and who decided ("both" or "trajectory")."""
    if not evidence.task.is_classification:
        raise NotApplicable("the targets are numbers; a wrong label needs classes")
    given, other = beliefs(evidence)
    accused = ODDS * given < other
    if evidence.many is not None:
        own = evidence.belief[np.arange(len(given)), evidence.task.train.targets]
        accused &= ~(own >= DOUBT)  # an example that every model has seen is left to the early witness
    rows = np.flatnonzero(accused)
    order = np.lexsort((-other[rows], given[rows]))
    return rows[order], "both" if evidence.many is not None else "trajectory"


def beliefs(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """What the witnesses together believe (n,) of the given label and of the likeliest other; NaN where nobody knows.

    The geometric mean of what each believes, a floor added, scaled to sum to 1 over the classes.
    """
    pooled = early_votes(evidence) + FLOOR
    if evidence.many is not None:
        away = np.isfinite(evidence.belief)
        pooled = np.where(away, np.sqrt(pooled * (np.where(away, evidence.belief, 0.0) + FLOOR)), pooled)
    pooled /= pooled.sum(1, keepdims=True)
    rows, targets = np.arange(len(pooled)), evidence.task.train.targets
    rest = pooled.copy()
    rest[rows, targets] = -np.inf
    return pooled[rows, targets], np.where(np.isnan(pooled).any(1), np.nan, rest.max(1))


def early_votes(evidence: Evidence) -> np.ndarray:
    """The share (n, K) of early epochs in which the network said each class, NaN where it never saw the example.

    Early: until the turning epoch, and in no case after the first third. Long training memorizes long before its first
    third is over; on small data the validation loss may turn long after.
    """
    run = evidence.run
    if run is None:
        raise NotApplicable(WHY["run"])
    third = max(1, run.epochs // 3)
    last = min(third, turning_epoch(run)) if "validation_loss" in run else third
    said = np.asarray(run["predicted"])[:last]
    counts = votes(said, said >= 0, evidence.task.outputs).astype(np.float64)
    asked = counts.sum(1, keepdims=True)
    return np.where(asked > 0, counts / np.maximum(asked, 1), np.nan)


def told(evidence: Evidence, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The evidence for some rows: given and suggested label, who says so, memorization."""
    table = {"given": evidence.task.train.targets[rows]} | opinion(evidence, rows)
    table["memorization"] = evidence.optional("memorization")[rows]
    table["memorization_se"] = evidence.errors("memorization")[rows]
    table["label_probability"] = evidence.optional("held_out_label_probability")[rows]
    return table


def opinion(evidence: Evidence, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What models without the example say: majority label, its votes of how many voters, their share with its interval.

    Without subset models the voters are the epochs of the first third in which the example was seen.
    """
    if evidence.many is not None:
        counts = evidence.votes[rows].astype(int)
    else:
        assert evidence.run is not None
        early = np.asarray(evidence.run["predicted"])[: max(1, evidence.run.epochs // 3)][:, rows]
        counts = votes(early, early >= 0, evidence.task.outputs).astype(int)
    voters = counts.sum(1)
    suggested = np.where(voters > 0, counts.argmax(1), evidence.task.train.targets[rows])
    most = counts.max(1)
    share, low, high = wilson_many(most, voters)
    return {
        "suggested": suggested,
        "votes": most,
        "voters": voters,
        "share": share,
        "share_low": low,
        "share_high": high,
    }
