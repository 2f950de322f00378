import dataclasses

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from byheart.diagnosis.tree_groups import LEAVES, tree_gap, tree_mistakes


def test_the_mistakes_are_those_of_a_small_tree_on_the_training_examples(noisy):
    task = noisy.task
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES * task.classes, random_state=0)
    tree.fit(task.train.inputs.reshape(len(task.train), -1), task.train.targets)
    expected = tree.predict(task.test.inputs.reshape(len(task.test), -1)) != task.test.targets
    np.testing.assert_array_equal(tree_mistakes(task, task.test), expected)


def test_a_large_training_set_is_sampled(noisy, monkeypatch):
    monkeypatch.setattr("byheart.diagnosis.tree_groups.MOST", 40)
    sampled = tree_mistakes(noisy.task, noisy.task.test)
    assert sampled.mean() > 0.2 and (sampled == tree_mistakes(noisy.task, noisy.task.test)).all()


def test_the_gap_is_the_networks_accuracy_there_against_all(noisy):
    right = noisy.run["final_test_logits"].argmax(1) == noisy.task.test.targets
    wrong, found = tree_mistakes(noisy.task, noisy.task.test), tree_gap(noisy.evidence)
    assert found.value == pytest.approx(right[wrong].mean() - right.mean())
    assert found.low < found.value < found.high and "small decision tree" in found.text


def test_a_tree_without_mistakes_has_no_group(easy):
    found = tree_gap(easy.evidence)
    assert found.measured and found.value == 0 and "too few for a group" in found.text


def test_regression_and_networks_that_nobody_watched_have_none(line, noisy):
    assert not tree_gap(line.evidence).measured
    assert not tree_gap(dataclasses.replace(noisy.evidence, run=None)).measured
