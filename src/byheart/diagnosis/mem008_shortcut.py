"""MEM008: a part of the input that gives the label away in training, and misleads where it does not hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.base.errors import NotApplicable, RunError
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.diagnosis.blocks import Block, blocks_of
from byheart.diagnosis.check import Evidence, check
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.groups import BUYS, labels_of, weakest
from byheart.diagnosis.intervals import paired_points, unpaired
from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.proportion import Z, difference, wilson
from byheart.diagnosis.shortcut_probe import Predict, Randomized, predictor, randomized

POINTS = 0.05  # a gap, between groups or from training to test, counts when its low end is above this
MORE = 0.10  # suspected: so much more, at the low end, must a block cost in training than on test examples
STANDS_OUT = 3.0  # suspected: and so many times what any block apart from it costs in training
SAMPLE = 600  # examples of a part that are looked at
DO = "give those examples more weight (methods group_dro, jtt, mat, lff) or vary the {} (augment=); do not delete them"


@check("MEM008", title="shortcut", severity="warn", needs="network")
def shortcut(evidence: Evidence) -> Finding | None:
    """A block of the input that answers hang on, and that is wrong for a group; where no groups are given, suspected.

    With groups: the group that is weakest on validation examples is behind on test examples, and a block chosen on
    validation, put in from other examples, takes at least half of the relative gap away, while the group loses at most
    half of what the others lose. Without: a block costs more in training than on test examples, where it changes
    answers without making them worse (at most one lost for two changed), and three times as much as any block apart
    from it. A shortcut that holds in the test examples too, and for every group, cannot be told from a rule.
    """
    if not evidence.task.is_classification:
        raise NotApplicable("the targets are numbers; a shortcut is looked for in classes")
    return suspected(evidence) if weakest(evidence, "group") is None else evidence.misled


def shortcut_gap(evidence: Evidence) -> Measure:
    """Test accuracy of a group that a shortcut misleads minus that of the others; 0 when none was found."""
    name, group = "shortcut", weakest(evidence, "group")
    if group is None or not evidence.task.is_classification:
        return missing(name, BUYS["group"])
    try:
        found = evidence.misled
    except NotApplicable as reason:
        return missing(name, f"{BUYS['class']} ({reason})")
    right, inside = final_correct(evidence, "test"), labels_of(evidence, "group", "test") == group
    if found is None:
        return Measure(name, 0.0, 0.0, 0.0, 0.0, len(right), "no part of the input was found to mislead a group")
    value, low, high = difference(right[inside].sum(), inside.sum(), right[~inside].sum(), (~inside).sum())
    return Measure(name, value, (high - low) / (2 * Z), low, high, int(inside.sum()), found.evidence)


@dataclass(frozen=True)
class Part:
    """Some examples of a part of the task: inputs, labels, rows."""

    inputs: np.ndarray
    targets: np.ndarray
    rows: np.ndarray


def part_of(examples: Examples) -> Part:
    """At most 600 examples, chosen by id, so that the rows' order does not matter."""
    rows = np.argsort(examples.ids)
    if len(rows) > SAMPLE:
        rows = rows[np.sort(generator(0, "shortcut").choice(len(rows), SAMPLE, replace=False))]
    return Part(examples.inputs[rows], examples.targets[rows], rows)


def network_of(evidence: Evidence) -> Predict:
    """The trained network; NotApplicable where it was not kept."""
    make = getattr(evidence.run, "network", None)
    if make is None:
        raise NotApplicable("the network itself was not kept; byheart.record(task) keeps it")
    from byheart.runs.loop import one_thread

    try:
        with one_thread():  # building draws weights: the caller's generator stays as it was
            return predictor(evidence.task, make(evidence.task))
    except RunError as error:
        raise NotApplicable(f"the network could not be read: {error.what}") from error


def misled(evidence: Evidence, group: str) -> Finding | None:
    """A finding when the weakest given group is behind because of a block."""
    task = evidence.task
    right, inside = final_correct(evidence, "test"), labels_of(evidence, "group", "test") == group
    gap = difference(right[~inside].sum(), (~inside).sum(), right[inside].sum(), inside.sum())
    if not gap[1] > POINTS:
        return None
    predict, seen, names = network_of(evidence), part_of(task.validation), labels_of(evidence, "group", "validation")
    assert names is not None
    within = names[seen.rows] == group
    tried = [randomized(predict, seen.inputs, seen.targets, b, repeats=2) for b in blocks_of(task)]
    best = max(tried, key=lambda found: closed(found, within))
    part = part_of(task.test)
    within = inside[part.rows]
    found = randomized(predict, part.inputs, part.targets, best.block)
    lost = found.was_right - found.right
    shrinks = unpaired("shrinks", lost[~within], lost[within], "points")
    falls = lost[~within].mean(), lost[within].mean()
    if not (shrinks.low > 0 and closed(found, within) >= 0.5 and falls[1] <= falls[0] / 2):
        return None
    before, after = gaps(found, within)
    own, rest = (wilson(right[mask].sum(), mask.sum()) for mask in (inside, ~inside))
    text = (
        f"The group {group} is behind: {own[0]:.1%} [{own[1]:.1%}, {own[2]:.1%}] of its {inside.sum()} test examples "
        f"are right, {rest[0]:.1%} [{rest[1]:.1%}, {rest[2]:.1%}] of the others. With the {best.block.name} of other "
        f"examples put in, the gap goes from {before * 100:.1f} to {after * 100:.1f} points (by {shrinks.shown}; "
        f"{len(part.rows)} examples)."
    )
    return told(evidence, np.flatnonzero(task.train.groups == group), text, best.block)


def gaps(found: Randomized, within: np.ndarray) -> tuple[float, float]:
    """Accuracy of the others minus the group's, before and after the block was dealt out."""
    before, after = (float(a[~within].mean() - a[within].mean()) for a in (found.was_right, found.right))
    return before, after


def closed(found: Randomized, within: np.ndarray) -> float:
    """How much of the gap, relative to the others' accuracy, is gone with the block: 1 all, 0 none, below 0 it grew."""
    before, after = gaps(found, within)
    was, now = found.was_right[~within].mean(), found.right[~within].mean()
    if not (within.any() and before > 0 and now > 0):
        return -np.inf
    return float(1 - (after / now) / (before / was))


def suspected(evidence: Evidence) -> Finding | None:
    """A finding when a block gives the label away in training and decides idly on test examples."""
    task = evidence.task
    known, new = final_correct(evidence, "train"), final_correct(evidence, "test")
    if not difference(known.sum(), len(known), new.sum(), len(new))[1] > POINTS:
        return None
    predict, train, there = network_of(evidence), part_of(task.train), part_of(task.validation)
    costs = {b: randomized(predict, train.inputs, train.targets, b, 2) for b in blocks_of(task)}
    tried = {b: randomized(predict, there.inputs, there.targets, b, 2) for b in costs}
    best = max(costs, key=lambda b: cost(costs[b]) - cost(tried[b]))
    part = part_of(task.test)
    inside, outside = (randomized(predict, p.inputs, p.targets, best) for p in (train, part))
    more = unpaired("more", inside.was_right - inside.right, outside.was_right - outside.right, "points")
    apart = [cost(costs[b]) for b in costs if b.apart(best)]
    alone = cost(inside) > STANDS_OUT * max([0.0, *apart])
    if not (more.low > MORE and cost(outside) <= outside.moved.mean() / 2 and alone):
        return None
    spent, worth = points(inside), points(outside)
    text = (
        f"Suspected: the {best.name} of other examples, put in, costs {spent.shown} of training accuracy and "
        f"{worth.shown} of test accuracy, though {outside.moved.mean():.1%} of the test answers change: what it says "
        "of the label in training does not hold there. Naming the groups in the data would settle it."
    )
    return told(evidence, np.arange(0), text, best)


def cost(found: Randomized) -> float:
    """Accuracy lost when the block is dealt out."""
    return float((found.was_right - found.right).mean())


def points(found: Randomized) -> Measure:
    """The same with its interval."""
    return paired_points("cost", found.was_right - found.right)


def told(evidence: Evidence, rows: np.ndarray, text: str, block: Block) -> Finding:
    """The finding about some training rows, the most memorized first."""
    memorization, train = evidence.optional("memorization"), evidence.task.train
    rows = rows[np.lexsort((train.ids[rows], -np.nan_to_num(memorization[rows])))]
    table = {
        "given": train.targets[rows],
        "memorization": memorization[rows],
        "memorization_se": evidence.errors("memorization")[rows],
    }
    return Finding("MEM008", "shortcut", "warn", train.ids[rows], len(train), text, DO.format(block.name), table)
