import dataclasses

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem001_mislabelled import DOUBT, FLOOR, ODDS, beliefs, early_votes, mislabelled

from .conftest import Columns, Models, clouds, scores_of


def told(label: np.ndarray, early: np.ndarray, models: int = 8) -> Evidence:
    """Clouds whose label has the probability `label` (n,) in left-out models and the share `early` of early answers.

    Twelve epochs of which the first four are early; later the network is sure of every label.
    """
    task = clouds()
    n, y = len(task.train), task.train.targets
    p = np.full((n, 3), 1e-6)
    p[np.arange(n), y], p[np.arange(n), (y + 1) % 3] = label, 1 - label
    logits = np.broadcast_to(np.log(p), (models, n, 3))
    member = np.arange(models)[:, None] % 2 == np.arange(n) % 2
    many = Models(member=member, logits=logits, predicted=logits.argmax(2).astype(np.int16))
    said = np.where(np.arange(12)[:, None] < 4, np.where(np.arange(12)[:, None] < 4 * early, y, (y + 1) % 3), y)
    losses = np.concatenate([np.linspace(2.0, 1.0, 8), np.linspace(1.1, 2.0, 4)])  # least at epoch 8, after the third
    run = Columns(loss=np.ones((12, n)), validation_loss=losses[:, None] * np.ones(60), predicted=said.astype(np.int16))
    columns = {"held_out_label_probability": label, "memorization": 1 - label}
    return Evidence(task, run, many, scores_of(task, run, many, **columns))


def test_planted_wrong_labels_are_found(noisy):
    """Three hundred digits are few for ten classes; still most of what is found is planted, most planted is found."""
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
    table = mislabelled(noisy.evidence).table
    assert (np.diff(table["belief"]) >= 0).all()
    assert (ODDS * table["belief"] < table["belief_in_other"]).all()


def test_easy_labels_are_left_alone(easy):
    assert mislabelled(easy.evidence) is None
    assert mislabelled(easy.watched) is None


def test_both_witnesses_count_alike():
    n = len(clouds().train)
    label, early = np.full(n, 0.9), np.full(n, 1.0)
    label[:10], early[5:15] = 0.05, 0.0
    found = mislabelled(told(label, early))
    assert sorted(found.ids.tolist()) == list(range(5, 10))
    assert found.table["votes"].tolist() == [4] * 5
    both = np.sqrt((np.array([0.0, 1.0, 0.0]) + FLOOR) * (np.array([0.05, 0.95, 0.0]) + FLOOR))
    np.testing.assert_allclose(found.table["belief"], both[0] / both.sum(), atol=1e-5)
    np.testing.assert_allclose(found.table["belief_in_other"], both[1] / both.sum(), atol=1e-5)
    assert mislabelled(told(np.full(n, 0.9), early)) is None
    assert mislabelled(told(label, np.full(n, 1.0))) is None


def test_the_odds_are_those_that_are_printed():
    n = len(clouds().train)
    label = np.linspace(0.001, 0.8, n)
    found = mislabelled(told(label, np.full(n, 0.5)))
    given, other = np.sqrt((0.5 + FLOOR) * (label + FLOOR)), np.sqrt((0.5 + FLOOR) * (1 - label + FLOOR))
    assert 0 < len(found.ids) < n
    assert sorted(found.ids.tolist()) == np.flatnonzero(ODDS * given < other - 1e-4).tolist()
    assert f"{ODDS:g} times" in found.evidence


def test_a_label_that_models_without_it_give_some_belief_is_not_accused():
    n = len(clouds().train)
    label = np.linspace(0.001, 0.8, n)
    found = mislabelled(told(label, np.zeros(n)))  # the early network alone would accuse nearly all
    assert sorted(found.ids.tolist()) == np.flatnonzero(label < DOUBT).tolist()
    assert f"less than {DOUBT:g}" in found.evidence


def test_what_was_learned_by_heart_later_does_not_count():
    n = len(clouds().train)
    evidence, y = told(np.full(n, 0.9), np.zeros(n)), clouds().train.targets
    np.testing.assert_allclose(
        early_votes(evidence)[np.arange(n), y], 0.0
    )  # the first third, though the loss turned later
    evidence.run.arrays["validation_loss"] = np.arange(1.0, 13.0)[:, None] * np.ones(60)
    assert early_votes(evidence).sum(1).tolist() == [1.0] * n  # turned at once: the first epoch alone
    del evidence.run.arrays["validation_loss"]
    np.testing.assert_allclose(early_votes(evidence)[np.arange(n), y], 0.0)
    evidence.run.arrays["predicted"] = np.where(np.arange(n) < 4, -1, evidence.run["predicted"])
    assert np.isnan(early_votes(evidence)[:4]).all() and not np.isnan(early_votes(evidence)[4:]).any()


def test_a_favourite_that_is_believed_little_is_no_wrong_label():
    """The early network knows nothing of 30 classes and the others little; the given label is still their favourite."""
    task = dataclasses.replace(clouds(), classes=30)
    n = len(task.train)
    logits = np.zeros((8, n, 30))
    logits[:, np.arange(n), task.train.targets] = 0.01
    member = np.arange(8)[:, None] % 2 == np.arange(n) % 2
    many = Models(member=member, logits=logits, predicted=logits.argmax(2))
    columns = {"held_out_label_probability": np.full(n, np.exp(0.01) / (29 + np.exp(0.01)))}
    run = Columns(predicted=np.arange(30)[:, None] * np.ones((1, n), int), loss=np.full((30, n), 9.0))
    evidence = Evidence(task, run, many, scores_of(task, **columns))
    assert beliefs(evidence)[0].max() < 0.6
    assert mislabelled(evidence) is None


def test_without_subset_models_it_is_a_weaker_note(noisy):
    found = mislabelled(noisy.watched)
    assert found.severity == "note"
    assert "No subset models confirm it" in found.evidence
    assert np.isin(noisy.task.train.ids, found.ids)[noisy.task.truth["wrong"]].mean() > 0.7
    assert (found.table["suggested"] != found.table["given"]).mean() > 0.9


def test_an_example_that_every_model_has_seen_is_left_to_the_early_witness():
    n = len(clouds().train)
    evidence = told(np.full(n, 0.02), np.where(np.arange(n) < 2, 1.0, 0.0))
    evidence.many.arrays["member"] = np.array(evidence.many["member"])
    evidence.many.arrays["member"][:, :3] = True
    evidence.scores.columns["held_out_label_probability"] = np.where(np.arange(n) < 3, np.nan, 0.02)
    with np.errstate(invalid="ignore"):
        found = mislabelled(evidence)
    assert np.isin([0, 1, 2], found.ids).tolist() == [False, False, True]
    assert found.count == n - 2


def test_numbers_have_no_wrong_class(line):
    with pytest.raises(NotApplicable, match="classes"):
        mislabelled(line.evidence)


def test_nothing_can_be_told_without_a_trajectory(noisy):
    with pytest.raises(NotApplicable, match="trajectory"):
        mislabelled(Evidence(noisy.task, None, noisy.many, noisy.scores))
