"""Pairs of influence on recorded models, and on tables of answers in which it is known who helps whom."""

import dataclasses

import numpy as np
import pytest

import byheart
from byheart.diagnosis import pairs
from byheart.diagnosis.check import Evidence

from .conftest import Models, clouds, scores_of


@pytest.fixture
def told() -> Evidence:
    """60 models: held-out example 1005 is right where training example 7 is there, the rest by chance; 40 of 120
    examples are memorized.
    """
    return evidence(helped=True)


def evidence(helped: bool, models: int = 60) -> Evidence:
    task, g = clouds(), np.random.default_rng(0)
    n, held = len(task.train), len(task.held_out)
    member, correct = g.random((models, n)) < 0.7, (g.random((models, n + held)) < 0.5).astype(np.float32)
    if helped:
        correct[:, n + 5] = member[:, 7]
    correct[:, n + 10 : n + 60] = 1.0  # easy ones, which nobody can help
    memorization = np.linspace(0.9, 0.0, n).round(3)
    memorization[40:] = 0.1
    many = Models(member=member, correct=correct)
    return Evidence(task, None, many, scores_of(task, None, many, memorization=memorization))


def matrix(evidence: Evidence) -> np.ndarray:
    """Influence of every training example on every held-out one, one at a time."""
    member, n = np.asarray(evidence.many["member"]), len(evidence.task.train)
    right = np.asarray(evidence.many["correct"][:, n:], float)
    return np.array([right[m].mean(0) - right[~m].mean(0) for m in member.T])


def test_recorded_pairs_are_those_of_all_pairs_one_at_a_time(noisy):
    found = pairs.influence_pairs(noisy.evidence)
    memorized = noisy.scores["memorization"] >= 0.25
    high = np.where(memorized[:, None], matrix(noisy.evidence), -1.0)
    assert found.high.found == (high >= 0.15 - 1e-9).sum() and found.asked == found.memorized == memorized.sum()
    best = np.sort(high[high >= 0.15 - 1e-9])[::-1][:1000]
    np.testing.assert_allclose(found.table["influence"], best)
    assert found.top.found == (high >= best[11] - 1e-9).sum() and found.top.threshold == pytest.approx(best[11])


def test_a_pair_bears_the_ids_and_labels_of_its_examples(noisy):
    table, task = pairs.influence_pairs(noisy.evidence).table, noisy.task
    whole = matrix(noisy.evidence)
    for one in table.head(20).to_dict("records"):
        row, place = (
            int(np.flatnonzero(e.ids == one[k])[0]) for e, k in ((task.train, "id"), (task.held_out, "held_out_id"))
        )
        assert whole[row, place] == pytest.approx(one["influence"])
        assert (task.train.targets[row], task.held_out.targets[place]) == (one["label"], one["held_out_label"])
        assert one["influence_low"] < one["influence"] <= one["influence_high"] + 0.1


def test_planted_influence_comes_first_and_stands_out_of_chance(told):
    found = pairs.influence_pairs(told)
    assert (found.table["id"][0], found.table["influence"][0]) == (told.task.train.ids[7], 1.0)
    assert found.table["held_out_id"][0] == told.task.held_out.ids[5]
    assert len(found) == found.high.found and found.asked == 40
    one = dataclasses.replace(found, top=pairs.Reach(1.0, 1, 0.0))
    assert one.top.share_by_chance == 0.0


def test_answers_of_chance_give_as_many_pairs_as_chance():
    found = pairs.influence_pairs(evidence(helped=False))
    assert found.high.by_chance == pytest.approx(found.high.found, rel=0.2) and found.high.found > 100
    assert found.high.share_by_chance > 0.8 and found.top.share_by_chance > 0.3


def test_who_cannot_be_helped_is_left_out_and_nobody_else(told):
    member = np.asarray(told.many["member"])
    right = np.asarray(told.many["correct"][:, len(told.task.train) :], float)
    for threshold in (0.15, 0.4):
        able, helped = pairs.able(member, right, threshold), (matrix(told) >= threshold).any(0)
        assert not (helped & ~able).any()
        assert not able[10:60].any() and able[5]
    rarely = np.zeros((60, 1))
    rarely[:3] = 1.0
    assert not pairs.able(np.tile(np.arange(60) < 42, (2, 1)).T, rarely, 0.15).any()  # 3 of 42 are .07 at most


def test_an_example_in_every_model_helps_nobody():
    assert not pairs.able(np.ones((20, 3), bool), np.ones((20, 4)), 0.15).any()


def test_of_too_many_the_most_memorized_are_asked(told, monkeypatch):
    monkeypatch.setattr(pairs, "CELLS", 1000)
    found = pairs.influence_pairs(told)
    assert 0 < found.asked < found.memorized == 40 and found.deals == 3
    assert set(found.table["id"]) <= set(told.task.train.ids[: found.asked])


def test_nobody_memorized_gives_no_pairs_and_no_reason(told):
    found = pairs.influence_pairs(dataclasses.replace(told, scores=scores_of(told.task, memorization=np.zeros(120))))
    assert (len(found), found.memorized, found.high.found, found.high.by_chance, found.skipped) == (0, 0, 0, 0.0, "")
    assert np.isnan(found.high.share_by_chance)


def test_the_reason_is_said_where_influence_cannot_be_told(noisy, line, told):
    assert "record_subsets" in pairs.influence_pairs(noisy.watched).skipped
    assert "not classes" in pairs.influence_pairs(line.evidence).skipped
    unscored = pairs.influence_pairs(dataclasses.replace(told, scores=scores_of(told.task)))
    assert "memorization is missing" in unscored.skipped
    assert unscored.table.columns.tolist() == pairs.influence_pairs(told).table.columns.tolist()


def test_an_audit_finds_them_when_it_is_looked_at_and_once(noisy):
    audit = byheart.diagnose(noisy.scores, noisy.task)
    assert "influence_pairs" not in vars(audit)
    assert audit.influence_pairs is audit.influence_pairs and len(audit.influence_pairs) > 0
