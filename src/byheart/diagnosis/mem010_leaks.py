"""MEM010: examples of which a model gives away that it was trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.proportion import wilson
from byheart.diagnosis.share import MEMORIZED
from byheart.privacy.attacks import ATTACKS
from byheart.privacy.leakage import RISK_AT, first_look

if TYPE_CHECKING:
    from byheart.privacy.leakage import First

# More often found out than not. The rule accuses 1 in 100 of the models that never saw an example, so that by chance an
# attack on 6 models that did accuses 3 or more of them for 2 examples in 100,000.
HALF = 0.5


@check("MEM010", title="leaks", severity="warn", needs="subset")
def leaks(evidence: Evidence) -> Finding | None:
    """Examples that a membership attack recognizes in most models trained on them, at 1 false alarm in 100.

    Every subset model is attacked in turn, the others being references (Carlini et al. 2022; Zarifzadeh et al. 2024).
    An example counts when the share of its models that are recognized, less the share of false alarms on models without
    it, is a half or more and above zero with 95% confidence; and only where the attack finds more members than its
    false alarms over all examples, with 95% confidence over models.
    """
    first = looked(evidence)
    if first.risk is None:
        raise NotApplicable(first.unresolved)
    at = next(one for one in first.measured.at if one.fpr == RISK_AT)
    risk, low = first.risk.value, first.risk.low
    rows = np.flatnonzero((np.nan_to_num(risk) >= HALF) & (np.nan_to_num(low) > 0))
    if not len(rows) or not at.low > RISK_AT:
        return None
    task, n = evidence.task, len(evidence.task.train)
    memorization = evidence.optional("memorization")
    rows = rows[np.lexsort((task.train.ids[rows], -np.nan_to_num(memorization[rows]), -risk[rows]))]
    share, least, most = wilson(len(rows), n)
    name = ATTACKS[first.measured.attack]
    known = np.isfinite(memorization[rows])
    also = int((memorization[rows] >= MEMORIZED).sum())
    told = f" {also} of them are memorized (at least {MEMORIZED})." if known.any() else ""
    text = (
        f"{len(rows)} of {n} examples ({share:.1%} [{least:.1%}, {most:.1%}]) are recognized in at least half of the "
        f"models trained on them, at 1 false alarm in 100; of all pairs of model and example {at.shown} "
        f"({name.title}, {first.models} models in turn).{told}"
    )
    do = (
        "correct those that are mislabelled, regularize more, train for fewer epochs or with differential privacy; "
        "leaving them out may expose others: audit again"
    )
    table = {
        "given": task.train.targets[rows],
        "risk": risk[rows],
        "risk_se": first.risk.se[rows],
        "memorization": memorization[rows],
        "memorization_se": evidence.errors("memorization")[rows],
    }
    return Finding("MEM010", "leaks", "warn", task.train.ids[rows], n, text, do, table)


def looked(evidence: Evidence) -> First:
    """The trusted attack on the subset models; the one that was made already, where the audit asked for privacy."""
    from byheart.privacy.answers import answers_of

    made = evidence.effects.get("privacy")
    if made is not None and not isinstance(made, str):
        return made.first
    assert evidence.many is not None
    return first_look(answers_of(evidence.many))
