import dataclasses

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem001_mislabelled import mislabelled

from .conftest import Columns, Models, clouds, scores_of


def told(label: np.ndarray, early: np.ndarray, models: int = 8, seed: int = 0) -> Evidence:
    """Clouds whose left-out models give the given label the probability `label` (n,), and the next class the rest."""
    task = clouds()
    n, y = len(task.train), task.train.targets
    rest = 1 - label
    p = np.full((n, 3), 1e-6)
    p[np.arange(n), y], p[np.arange(n), (y + 1) % 3] = label, rest
    logits = np.broadcast_to(np.log(p), (models, n, 3))
    member = np.arange(models)[:, None] % 2 == np.arange(n) % 2
    many = Models(member=member, logits=logits, predicted=logits.argmax(2).astype(np.int16))
    run = Columns(predicted=np.broadcast_to(((y + 1) % 3).astype(np.int16), (9, n)))
    columns = {"early_margin": early, "held_out_label_probability": label, "memorization": rest}
    return Evidence(task, run, many, scores_of(task, run, many, **columns))


def test_planted_wrong_labels_are_found(noisy):
    """The first two hundred digits are few for ten classes; most of what is found is planted, most planted is found."""
    found = mislabelled(noisy.evidence)
    wrong = noisy.task.truth["wrong"]
    hit = np.isin(noisy.task.train.ids, found.ids)
    assert hit[wrong].mean() > 0.7
    assert wrong[hit].mean() > 0.7
    assert found.severity == "warn"


def test_what_others_say_is_the_right_label(noisy):
    found = mislabelled(noisy.evidence)
    original = dict(zip(noisy.task.train.ids.tolist(), noisy.task.truth["original"].tolist(), strict=True))
    right = [original[i] == s for i, s in zip(found.ids.tolist(), found.table["suggested"], strict=True)]
    assert np.mean(right) > 0.8
    assert (found.table["suggested"] != found.table["given"]).all()
    assert (found.table["votes"] <= found.table["voters"]).all()
    assert (found.table["share_low"] <= found.table["share"]).all()


def test_the_clearest_come_first(noisy):
    label = mislabelled(noisy.evidence).table["label_probability"]
    assert (np.diff(label) >= 0).all()
    assert label.max() < 0.1


def test_easy_labels_are_left_alone(easy):
    assert mislabelled(easy.evidence) is None
    assert mislabelled(easy.watched) is None


def test_both_witnesses_must_agree():
    n = len(clouds().train)
    label, early = np.full(n, 0.9), np.full(n, 2.0)
    label[:10], early[5:15] = 0.02, -1.0
    found = mislabelled(told(label, early))
    assert sorted(found.ids.tolist()) == list(range(5, 10))
    assert found.table["votes"].tolist() == [4] * 5
    assert "4 of 4" not in found.evidence
    assert mislabelled(told(np.full(n, 0.9), early)) is None


def test_many_classes_with_belief_spread_thin_are_no_wrong_labels():
    """Among 30 classes nobody gets a tenth; the given label, which is still the favourite, is not denied."""
    task = dataclasses.replace(clouds(), classes=30)
    n = len(task.train)
    logits = np.zeros((8, n, 30))
    logits[:, np.arange(n), task.train.targets] = 0.5
    member = np.arange(8)[:, None] % 2 == np.arange(n) % 2
    many = Models(member=member, logits=logits, predicted=logits.argmax(2))
    label = np.full(n, np.exp(0.5) / (29 + np.exp(0.5)))
    columns = {"early_margin": np.full(n, -1.0), "held_out_label_probability": label}
    run = Columns(predicted=np.zeros((3, n), int))
    assert mislabelled(Evidence(task, run, many, scores_of(task, **columns))) is None


def test_without_subset_models_it_is_a_weaker_note(noisy):
    found = mislabelled(noisy.watched)
    assert found.severity == "note"
    assert "weaker" in found.evidence
    assert np.isin(noisy.task.train.ids, found.ids)[noisy.task.truth["wrong"]].mean() > 0.7
    assert (found.table["suggested"] != found.table["given"]).mean() > 0.9


def test_an_example_that_no_model_left_out_is_not_accused():
    n = len(clouds().train)
    evidence = told(np.full(n, 0.02), np.full(n, -1.0))
    evidence.many.arrays["member"] = np.array(evidence.many["member"])
    evidence.many.arrays["member"][:, :3] = True
    evidence.scores.columns["held_out_label_probability"] = np.where(np.arange(n) < 3, np.nan, 0.02)
    with np.errstate(invalid="ignore"):
        found = mislabelled(evidence)
    assert not np.isin([0, 1, 2], found.ids).any()
    assert found.count == n - 3


def test_numbers_have_no_wrong_class(line):
    with pytest.raises(NotApplicable, match="classes"):
        mislabelled(line.evidence)


def test_nothing_can_be_told_without_a_trajectory(noisy):
    with pytest.raises(NotApplicable, match="trajectory"):
        mislabelled(Evidence(noisy.task, None, noisy.many, noisy.scores))
    bare = scores_of(noisy.task, noisy.run)
    with pytest.raises(NotApplicable, match="early_margin"):
        mislabelled(Evidence(noisy.task, noisy.run, noisy.many, bare))
