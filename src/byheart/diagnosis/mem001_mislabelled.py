"""MEM001: examples whose given label is wrong."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import WHY, Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.proportion import wilson, wilson_many
from byheart.diagnosis.turning import turning_epoch

# Fixed on MNIST at several sizes, resolutions and lengths of training, before any data were looked at that judge it.
# Two witnesses are asked how much they believe the given label: the network itself, until it turned (that is, before it
# learned by heart; a fixed share of the epochs moves into memorization when training is long), and models that never
# saw the example. A label is wrong when their mean belief is below an even share of the labels that are wrong.
# Either witness alone flags hard examples too; mixtures of two normals swing with the data.
FEWEST = 4  # with two or three classes the line stays at 1/3: half is what an example on the border gets


@check("MEM001", title="mislabelled", severity="warn", needs="trajectory")
def mislabelled(evidence: Evidence) -> Finding | None:
    """Labels that the network, before it learned by heart, and models without the example believe less than chance.

    Without subset models the trajectory alone decides, which is weaker, and the finding says so.
    """
    rows, witnesses = suspects(evidence)
    if len(rows) == 0:
        return None
    task, n = evidence.task, len(evidence.task.train)
    share, low, high = wilson(len(rows), n)
    size = f"{len(rows)} of {n} examples ({share:.1%} [{low:.1%}, {high:.1%}])"
    line = f"less than {denied(task.outputs):.0%} belief in the label"
    if witnesses == "both":
        text = f"{size}: {line}, on average over the network until it turned and models that left them out."
    else:
        text = f"{size}: {line} until the network turned. No subset models confirm it: one witness is weaker."
    return Finding(
        "MEM001", "mislabelled", "warn" if witnesses == "both" else "note", task.train.ids[rows], n, text,
        "look at them; then correct the labels (see `suggested`) or leave them out: byheart.record(task, without=ids)",
        told(evidence, rows) | {"belief": belief_in_label(evidence)[rows]},
        "held_out_label_probability" if witnesses == "both" else "cumulative_loss_early",
    )  # fmt: skip


def suspects(evidence: Evidence) -> tuple[np.ndarray, str]:
    """Rows (k,) that are mislabelled by the rule, the clearest first, and who decided ("both" or "trajectory")."""
    if not evidence.task.is_classification:
        raise NotApplicable("the targets are numbers; a wrong label needs classes")
    belief = belief_in_label(evidence)
    wrong = belief < denied(evidence.task.outputs)
    if evidence.many is not None:  # with many classes a favourite may be believed little
        wrong &= best_other(evidence) > evidence.column("held_out_label_probability")
    rows = np.flatnonzero(wrong)
    return rows[np.argsort(belief[rows], kind="stable")], "both" if evidence.many is not None else "trajectory"


def denied(classes: int) -> float:
    """The belief below which a label is taken for wrong: an even share of the labels other than the right one."""
    return 1 / (max(classes, FEWEST) - 1)


def belief_in_label(evidence: Evidence) -> np.ndarray:
    """Mean belief (n,) of the witnesses in the given label, in [0, 1]; NaN where one of them has none."""
    early = early_belief(evidence)
    return early if evidence.many is None else (early + evidence.column("held_out_label_probability")) / 2


def early_belief(evidence: Evidence) -> np.ndarray:
    """Mean probability (n,) that the network gave the label until the turning epoch, NaN where it never saw it.

    Without held-out examples there is no turning epoch, and the first third of training stands for it.
    """
    run = evidence.run
    if run is None:
        raise NotApplicable(WHY["run"])
    last = turning_epoch(run) if "validation_loss" in run else max(1, run.epochs // 3)
    given = np.exp(-np.asarray(run["loss"][:last], np.float64))
    seen = np.isfinite(given)
    return np.where(seen.any(0), np.where(seen, given, 0.0).sum(0) / np.maximum(seen.sum(0), 1), np.nan)


def best_other(evidence: Evidence) -> np.ndarray:
    """The most (n,) that models without the example give to another label."""
    belief = evidence.belief.copy()
    belief[np.arange(len(belief)), evidence.task.train.targets] = -np.inf
    return belief.max(1)


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
        votes = evidence.votes[rows]
    else:
        assert evidence.run is not None
        early = np.asarray(evidence.run["predicted"])[: max(1, evidence.run.epochs // 3)][:, rows]
        votes = np.stack([(early == k).sum(0) for k in range(evidence.task.outputs)], 1)
    voters = votes.sum(1)
    suggested = np.where(voters > 0, votes.argmax(1), evidence.task.train.targets[rows])
    most = votes.max(1)
    share, low, high = wilson_many(most, voters)
    return {
        "suggested": suggested,
        "votes": most,
        "voters": voters,
        "share": share,
        "share_low": low,
        "share_high": high,
    }
