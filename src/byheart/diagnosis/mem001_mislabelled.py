"""MEM001: examples whose given label is wrong."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.proportion import wilson, wilson_many

# Fixed before any data were looked at that judge it. Two witnesses must agree: the network itself, before it had
# memorized (its margin for the label was negative on average over the first third of training), and models that never
# saw the example (they give its label less than a tenth of their belief, and more to another). Mixtures of two normals
# swing with the data, and either witness alone flags hard examples too.
DENIED = 0.1


@check("MEM001", title="mislabelled", severity="warn", needs="trajectory")
def mislabelled(evidence: Evidence) -> Finding | None:
    """Labels that the network resisted early and that models without the example deny.

    Without subset models the trajectory alone decides, which is weaker, and the finding says so.
    """
    rows, witnesses = suspects(evidence)
    if len(rows) == 0:
        return None
    task, n = evidence.task, len(evidence.task.train)
    table = told(evidence, rows)
    share, low, high = wilson(len(rows), n)
    size = f"{len(rows)} of {n} examples ({share:.1%} [{low:.1%}, {high:.1%}])"
    if witnesses == "both":
        text = (
            f"{size}: negative margin in the first third of training, and models that left them out give their label "
            f"less than {DENIED:.0%} on average."
        )
    else:
        text = (
            f"{size}: negative margin in the first third of training. No subset models confirm it, so hard examples are "
            "among them (weaker evidence)."
        )
    return Finding(
        "MEM001", "mislabelled", "warn" if witnesses == "both" else "note", task.train.ids[rows], n, text,
        "look at them; then correct the labels (see `suggested`) or leave them out: byheart.record(task, without=ids)",
        table, "held_out_label_probability" if witnesses == "both" else "early_margin",
    )  # fmt: skip


def suspects(evidence: Evidence) -> tuple[np.ndarray, str]:
    """Rows (k,) that are mislabelled by the rule, the clearest first, and which witnesses decided ("both" or
    "trajectory").
    """
    if not evidence.task.is_classification:
        raise NotApplicable("the targets are numbers; a wrong label needs classes")
    early = evidence.column("early_margin")
    if evidence.many is None:
        rows = np.flatnonzero(early < 0)
        return rows[np.argsort(early[rows], kind="stable")], "trajectory"
    label = evidence.column("held_out_label_probability")
    denied = (label < DENIED) & (best_other(evidence) > label)
    rows = np.flatnonzero((early < 0) & denied)
    return rows[np.argsort(label[rows], kind="stable")], "both"


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
    table["early_margin"] = evidence.optional("early_margin")[rows]
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
