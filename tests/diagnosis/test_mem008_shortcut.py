from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart
from byheart.base.errors import NotApplicable
from byheart.data.examples import Examples
from byheart.diagnosis.blocks import region
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem008_shortcut import closed, cost, part_of, shortcut, shortcut_gap
from byheart.diagnosis.shortcut_probe import Randomized

from .conftest import Columns, clouds, scores_of

BLOCKS = [("shortcut-colour=0.95", "colour"), ("shortcut-patch=0.95", "border")]


def recorded(task: byheart.Task, folder, epochs: int = 12, lr: float = 0.05) -> Evidence:
    task = dataclasses.replace(task, recipe=byheart.Recipe(epochs=epochs, batch=64, lr=lr))
    run = byheart.record(task, out=folder)
    return Evidence(task, run, None, scores_of(task, run))


def without_groups(evidence: Evidence) -> Evidence:
    parts = {p: dataclasses.replace(getattr(evidence.task, p), groups=None) for p in ("train", "validation", "test")}
    return dataclasses.replace(evidence, task=dataclasses.replace(evidence.task, **parts))


@pytest.mark.parametrize(("planted", "block"), BLOCKS)
def test_a_planted_shortcut_is_found_and_named(planted, block, on_digits):
    evidence = on_digits(planted)
    found = shortcut(evidence)
    assert found is not None and f"With the {block} of other examples put in" in found.evidence
    assert "group conflicting is behind" in found.evidence
    train, rare = evidence.task.train, evidence.task.truth["conflicting"]
    assert set(found.ids.tolist()) == set(train.ids[rare].tolist())
    assert "do not delete" in found.do and block in found.do


@pytest.mark.parametrize(("planted", "block"), BLOCKS)
def test_its_gap_is_to_the_others_whatever_the_test_set_is_made_of(planted, block, on_digits):
    evidence = on_digits(planted)  # whose test examples are mostly exceptions
    found, inside = shortcut_gap(evidence), evidence.task.test.groups == "conflicting"
    right = evidence.run["final_test_logits"].argmax(1) == evidence.task.test.targets
    assert inside.mean() > 0.8 and found.value == pytest.approx(right[inside].mean() - right[~inside].mean())
    assert found.most < 0 and block in found.text


def test_where_nothing_misleads_there_is_no_gap(on_digits):
    found = shortcut_gap(on_digits(""))
    assert not found.measured and "groups" in found.buys
    even = on_digits("")
    parts = {
        p: dataclasses.replace(part, groups=np.where(part.ids % 2, "odd", "even"))
        for p in ("train", "validation", "test")
        if (part := getattr(even.task, p))
    }
    found = shortcut_gap(dataclasses.replace(even, task=dataclasses.replace(even.task, **parts)))
    assert found.measured and found.value == 0


@pytest.mark.parametrize(("planted", "block"), BLOCKS)
def test_without_groups_it_is_suspected(planted, block, on_digits):
    found = shortcut(without_groups(on_digits(planted)))
    assert found is not None and found.evidence.startswith(f"Suspected: the {block} ")
    assert found.count == 0 and "Naming the groups" in found.evidence


@pytest.mark.parametrize("planted", ["", "label-noise=0.3"])
def test_digits_as_they_are_and_with_wrong_labels_have_none(planted, on_digits):
    assert shortcut(on_digits(planted)) is None


def test_memorized_noise_is_no_shortcut(digits, tmp_path):
    """200 examples with 40% wrong labels, all fitted: blocks cost more in training than in test, none alone."""
    few = dataclasses.replace(digits, train=digits.train.take(np.arange(200)))
    evidence = recorded(byheart.plant(few, "label-noise=0.4"), tmp_path / "run", epochs=60, lr=0.1)
    assert (evidence.run["final_logits"].argmax(1) == evidence.task.train.targets).all()
    assert shortcut(evidence) is None


def test_a_group_that_is_weak_for_another_reason_is_no_shortcut(digits, tmp_path):
    """Noise over the whole image, rare in training: no block accounts for it."""
    random = np.random.default_rng(0)

    def noisy(part: Examples, share: float) -> Examples:
        mask = random.random(len(part)) < share
        x = part.inputs + mask[:, None, None, None] * random.normal(0, 7, part.inputs.shape)
        return Examples(np.clip(x, 0, 16).astype(np.uint8), part.targets, part.ids, np.where(mask, "noisy", "clean"))

    task = dataclasses.replace(
        digits, train=noisy(digits.train, 0.1), validation=noisy(digits.validation, 0.5), test=noisy(digits.test, 0.5)
    )
    evidence = recorded(task, tmp_path / "run")
    right = evidence.run["final_test_logits"].argmax(1) == task.test.targets
    assert right[task.test.groups == "noisy"].mean() < right[task.test.groups == "clean"].mean() - 0.2
    assert shortcut(evidence) is None


def test_features_of_a_table_by_name(tmp_path):
    random = np.random.default_rng(0)

    def part(n: int, exceptions: float) -> Examples:
        y, odd = random.integers(0, 2, n), random.random(n) < exceptions
        sign = 2 * y - 1
        x = np.c_[sign + 1.2 * random.normal(size=n), 3 * np.where(odd, -sign, sign), random.normal(size=(n, 3))]
        return Examples(x, y, groups=np.where(odd, "odd", "usual"))

    task = byheart.Task(part(400, 0.05), part(300, 0.5), validation=part(300, 0.5),
                        feature_names=("pulse", "ward", "a", "b", "c"))  # fmt: skip
    assert "With the ward of other examples" in shortcut(recorded(task, tmp_path / "run")).evidence


def dealt(was: list[int], right: list[int]) -> Randomized:
    """A dealing before and after which the answers are right (1) or wrong (0); the label is 0."""
    before, after = 1 - np.array(was), 1 - np.array(right)
    nowhere = region("nowhere", np.zeros(2, bool))
    return Randomized(nowhere, np.zeros(len(was), int), before, after[None], np.zeros((1, len(was), 2)))


def test_how_much_of_a_gap_is_gone():
    within = np.array([1, 1, 1, 1, 0, 0, 0, 0], bool)
    all_gone = dealt([0, 0, 0, 0, 1, 1, 1, 1], [1, 1, 0, 0, 1, 1, 0, 0])
    assert closed(all_gone, within) == 1 and cost(all_gone) == 0
    both_halved = dealt([1, 1, 0, 0, 1, 1, 1, 1], [1, 0, 0, 0, 1, 1, 0, 0])
    assert closed(both_halved, within) == 0 and cost(both_halved) == 3 / 8
    assert closed(dealt([1] * 8, [1] * 8), within) == -np.inf


def test_examples_are_chosen_by_id():
    ids, x = np.arange(5000, 6000), np.arange(1000.0)[:, None]
    part = Examples(x, np.zeros(1000, int), ids)
    order = np.random.default_rng(0).permutation(1000)
    here, there = part_of(part), part_of(part.take(order))
    assert len(here.rows) == 600 and np.array_equal(here.inputs, there.inputs)
    assert np.array_equal(part.ids[here.rows], part.take(order).ids[there.rows])
    assert len(part_of(part.take(np.arange(30))).rows) == 30


def test_what_cannot_be_told():
    x = np.linspace(0, 1, 40).reshape(20, 2)
    plane = byheart.Task((x, x[:, 0]), (x, x[:, 0]))
    with pytest.raises(NotApplicable, match="numbers"):
        shortcut(Evidence(plane, Columns(), None, scores_of(plane)))
    task = clouds()
    n, h = len(task.train), len(task.test)
    own_loop = Columns(correct=np.ones((1, n)), test_correct=np.zeros((1, h)), validation_correct=np.zeros((1, h)))
    with pytest.raises(NotApplicable, match="network itself was not kept"):
        shortcut(Evidence(task, own_loop, None, scores_of(task)))
    with pytest.raises(NotApplicable, match="trajectory"):
        shortcut(Evidence(task, None, None, scores_of(task)))
