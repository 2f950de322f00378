import dataclasses

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem003_rare import kin, neighbours_of, rare
from byheart.diagnosis.neighbours import others

from .conftest import Columns, Models, scores_of


def lonely(memorization_of_lonely: float = 0.9, early: float = 0.9, label: float = 0.5) -> Evidence:
    """Two overlapping kinds: five examples of class 1 stand among sixty of class 0, beside sixty of class 1 far off."""
    import byheart

    random = np.random.default_rng(0)
    x = random.normal(size=(125, 3))
    y = np.repeat([0, 1, 1], [60, 5, 60])
    x[65:] += 12
    x[60:65] = x[60:65] * 0.2 + 1.5
    part = (x.astype(np.float32), y)
    task = byheart.Task(part, part, name="lonely")
    p = np.full((125, 2), 0.01)
    p[np.arange(125), y] = 0.99
    p[60:65] = [[1 - label, label]] * 5
    logits = np.broadcast_to(np.log(p), (8, 125, 2))
    member = np.arange(8)[:, None] % 2 == np.arange(125) % 2
    many = Models(member=member, logits=logits, predicted=logits.argmax(2))
    said = np.broadcast_to(y if early > 0.5 else np.zeros(125, int), (3, 125))
    run = Columns(classes=2, predicted=said, loss=np.full((3, 125), -np.log(early)))
    memorization = np.zeros(125)
    memorization[60:65] = memorization_of_lonely
    columns = {
        "memorization": memorization,
        "held_out_label_probability": p[np.arange(125), y],
    }
    return Evidence(task, run, many, scores_of(task, run, many, **columns))


def test_the_memorized_few_of_a_kind_are_rare():
    found = rare(lonely(label=0.2))
    assert sorted(found.ids.tolist()) == [60, 61, 62, 63, 64]
    assert found.severity == "note"
    assert (found.table["alike"] > 0).all() and (found.table["alike"] <= 0.5).all()
    assert "keep them" in found.do


def test_what_was_not_memorized_is_not_rare():
    assert rare(lonely(memorization_of_lonely=0.2, label=0.2)) is None


def test_mislabelled_and_ambiguous_examples_are_not_rare():
    assert rare(lonely(label=0.05, early=0.05)) is None
    assert rare(lonely(label=0.5)) is None


def test_a_label_that_no_neighbour_shares_is_not_rare():
    evidence = lonely(label=0.2)
    targets = evidence.task.train.targets.copy()
    targets[61:65] = 0
    inputs = evidence.task.train.inputs
    task = dataclasses.replace(evidence.task, train=(inputs, targets))
    alone = dataclasses.replace(evidence, task=task)
    assert kin(alone, np.array([60]))[0] == [0]
    found = rare(alone)
    assert found is None or 60 not in found.ids


def test_easy_examples_are_not_rare(easy):
    assert rare(easy.evidence) is None


def test_digits_have_rare_ones_that_are_mostly_right(noisy):
    found = rare(noisy.evidence)
    hit = np.isin(noisy.task.train.ids, found.ids)
    assert noisy.task.truth["wrong"][hit].mean() < 0.5
    assert (found.table["memorization"] >= 0.25).all()
    assert (np.diff(found.table["memorization"]) <= 0).all()


def test_a_sample_gives_about_the_usual_share_of_kin(noisy):
    rows = np.arange(0, 300, 7)
    whole, usual = kin(noisy.evidence, rows)
    part, sampled = kin(noisy.evidence, rows, sample=150)
    np.testing.assert_array_equal(whole, part)
    assert np.abs(usual - sampled).max() <= 0.3


def test_neighbours_of_some_rows_are_theirs():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    np.testing.assert_array_equal(neighbours_of(x, np.array([5, 9])), others(x)[1][[5, 9]])


def test_it_needs_models_and_classes(noisy, line):
    with pytest.raises(NotApplicable, match="subset models"):
        rare(noisy.watched)
    with pytest.raises(NotApplicable, match="classes"):
        rare(line.evidence)
