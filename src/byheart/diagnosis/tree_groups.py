"""Groups where none are given: the examples that a small decision tree gets wrong.

A tree with four leaves a class learns what is simple, a shortcut among it, and little by heart: its mistakes hold the
exceptions to the shortcut. That networks do badly on its mistakes says nothing by itself, since hard examples are hard
for both; how badly does (docs/decisions/0006-the-verdict.md). Mistakes of networks like the audited one must not stand
in for the tree's: their gap is large in every task.
"""

from __future__ import annotations

import numpy as np

from byheart.base.errors import NotApplicable
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.final import final_correct
from byheart.diagnosis.groups import LEAST, gap
from byheart.diagnosis.measure import Measure, missing

LEAVES = 4  # for each class
MOST = 5_000  # training examples that a tree is grown on
BUYS = "classes, and byheart.record(task)"


def tree_mistakes(task: Task, part: Examples, seed: int = 0) -> np.ndarray:
    """Whether a tree grown on training examples gets each example (n,) of a part wrong."""
    from sklearn.tree import DecisionTreeClassifier

    rows = np.arange(len(task.train))
    if len(rows) > MOST:
        rows = generator(seed, "tree").choice(len(rows), MOST, replace=False)
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES * task.classes, random_state=seed)
    tree.fit(task.train.inputs[rows].reshape(len(rows), -1), task.train.targets[rows])
    return tree.predict(part.inputs.reshape(len(part), -1)) != part.targets


def tree_gap(evidence: Evidence) -> Measure:
    """Accuracy of the network on the test examples that the tree gets wrong, minus the average; both parts must have
    2% of such examples at least.
    """
    task = evidence.task
    if not task.is_classification:
        return missing("tree_group", BUYS)
    try:
        right = final_correct(evidence, "test")
    except NotApplicable:
        return missing("tree_group", BUYS)
    wrong = tree_mistakes(task, task.test)
    if wrong.mean() < LEAST:
        n = len(wrong)
        text = f"a small tree gets {wrong.mean():.1%} of the test examples wrong: too few for a group"
        return Measure("tree_group", 0.0, 0.0, 0.0, 0.0, n, text)
    return gap("tree_group", right, wrong, "what a small decision tree gets wrong", "points") or missing(
        "tree_group", BUYS
    )
