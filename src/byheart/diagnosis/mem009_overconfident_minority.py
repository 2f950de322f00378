"""MEM009: a small group that is answered as surely as the others and wrongly far more often."""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.diagnosis.calibration import answers, calibration_error, negative_log_likelihood
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.groups import LEAST, By, labels_of
from byheart.diagnosis.intervals import unpaired
from byheart.diagnosis.proportion import difference, wilson

SMALL = 0.5  # a minority has at most this share of what it would have if all groups were of one size
POINTS = 0.05  # over-confidence above the others' counts when its low end is above this


@check("MEM009", title="over-confident minority", severity="warn", needs="network")
def overconfident_minority(evidence: Evidence) -> Finding | None:
    """A group rare in training whose test answers are less often right, more over-confident and less likely.

    Of the given groups, or of the classes where none are given, those with at most half of an equal share; the one that
    is most over-confident (mean confidence minus accuracy) on validation examples is judged on test examples: its
    accuracy is below the others', its over-confidence more than 5 points above and its negative log-likelihood above,
    each with 95% confidence. ECE is shown beside; chance alone makes it larger in a small group.
    """
    run, task = evidence.run, evidence.task
    assert run is not None
    if not task.is_classification:
        raise NotApplicable("the targets are numbers, which have no confidence")
    if "final_test_logits" not in run or "final_validation_logits" not in run:
        raise NotApplicable("the network's final outputs were not recorded; byheart.record(task) records them")
    by: By = "group" if task.train.groups is not None and task.test.groups is not None else "class"
    chosen = most_overconfident(evidence, by)
    if chosen is None:
        return None
    logits, targets = np.asarray(run["final_test_logits"], np.float64), task.test.targets
    confidence, right = answers(logits, targets)
    inside = labels(evidence, by, "test") == chosen
    surplus, nll = confidence - right, negative_log_likelihood(logits, targets)
    accuracy = difference(right[inside].sum(), inside.sum(), right[~inside].sum(), (~inside).sum())
    sure = unpaired("over_confidence", surplus[inside], surplus[~inside], "points")
    unlikely = unpaired("nll", nll[inside], nll[~inside], "loss")
    if not (accuracy[2] < 0 and sure.low > POINTS and unlikely.low > 0):
        return None
    rows = np.flatnonzero(labels(evidence, by, "train") == chosen)
    own, rest = (said(confidence[mask], right[mask]) for mask in (inside, ~inside))
    text = (
        f"The {by} {chosen} ({len(rows) / len(task.train):.1%} of the training examples, {inside.sum()} in test): "
        f"{own}; the others: {rest}. It is over-confident by {sure.shown} more, and its negative log-likelihood is "
        f"{unlikely.shown} nats higher."
    )
    do = "give it more weight (methods group_balanced, group_dro, mat) or more examples; until then do not trust scores"
    memorization = evidence.optional("memorization")
    rows = rows[np.lexsort((task.train.ids[rows], -np.nan_to_num(memorization[rows])))]
    table = {
        "given": task.train.targets[rows],
        "memorization": memorization[rows],
        "memorization_se": evidence.errors("memorization")[rows],
    }
    title = "over-confident minority"
    return Finding("MEM009", title, "warn", task.train.ids[rows], len(task.train), text, do, table)


def most_overconfident(evidence: Evidence, by: By) -> str | None:
    """The minority, of at least 2% of the held-out examples, whose validation answers are most over-confident."""
    assert evidence.run is not None
    train, there, test = (labels(evidence, by, part) for part in ("train", "validation", "test"))
    logits = np.asarray(evidence.run["final_validation_logits"], np.float64)
    confidence, right = answers(logits, evidence.task.validation.targets)
    names = np.unique(train)
    held = np.concatenate([there, test])
    small = [
        str(g)
        for g in names
        if (train == g).mean() <= SMALL / len(names)
        and (held == g).mean() >= LEAST
        and min((there == g).sum(), (test == g).sum()) >= 2
    ]
    if not small:
        return None
    return max(small, key=lambda g: float((confidence - right)[there == g].mean()))


def labels(evidence: Evidence, by: By, part: str) -> np.ndarray:
    """Group or class of every example of a part; NotApplicable where only some parts have groups."""
    found = labels_of(evidence, by, part)
    if found is None:
        raise NotApplicable(f"the {part} examples have no groups; give them to every part")
    return found


def said(confidence: np.ndarray, right: np.ndarray) -> str:
    """Accuracy, mean confidence and ECE in words."""
    share, low, high = wilson(right.sum(), len(right))
    ece = calibration_error("ece", confidence, right)
    return f"{share:.1%} [{low:.1%}, {high:.1%}] right at a mean confidence of {confidence.mean():.1%}, ECE {ece.text}"
