import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.share import counted, jackknifed, memorized, raw, shares

from .conftest import Models, clouds, scores_of


def evidence(models: int = 40, memorized: int = 12, noise: float = 0.0, seed: int = 0) -> Evidence:
    """Clouds of which the first few are right only with themselves in training; the rest are right with chance 1 -
    noise.
    """
    task, random = clouds(), np.random.default_rng(seed)
    n = len(task.train)
    member = random.random((models, n)) < 0.7
    correct = (random.random((models, n)) > noise).astype(np.float32)
    correct[:, :memorized] = member[:, :memorized]
    many = Models(member=member, correct=correct)
    column = raw(member, correct)
    return Evidence(task, None, many, scores_of(task, None, many, memorization=column))


def test_share_null_and_excess():
    found = shares(evidence(noise=0.3))
    share, null, excess = (found[name] for name in ("share", "null", "excess"))
    assert share.low < share.value < share.high
    assert null.value > 0.02  # by chance alone some look memorized
    assert excess.value == pytest.approx(share.value - null.value)
    assert excess.se >= share.se
    assert share.n == 120


def test_without_noise_the_null_is_small_and_the_share_is_right():
    found = shares(evidence(noise=0.0))
    assert found["share"].value == pytest.approx(0.1)
    assert found["excess"].least > 0


def test_fewer_than_twenty_models_give_no_null():
    found = shares(evidence(models=10))
    assert found["share"].known
    assert "shrunk" in found["share"].text
    assert not found["null"].measured and not found["excess"].measured
    assert "20" in found["null"].buys


def test_without_models_or_scores_nothing_is_measured():
    task = clouds()
    found = shares(Evidence(task, None, None, scores_of(task)))
    assert not any(m.measured for m in found.values())


def test_the_interval_covers_the_share_that_endless_models_would_give():
    """Examples are right without themselves with chance .6, with themselves always: raw memorization is .4 or, for
    the rest, 0.
    """
    inside = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        member = random.random((40, 400)) < 0.7
        kind = random.random(400) < 0.3  # the population's share is .3
        correct = np.where(kind, member | (random.random((40, 400)) < 0.2), True).astype(np.float32)
        share = counted("share", raw(member, correct), jackknifed(member, correct), "")
        inside += share.low <= 0.3 <= share.high
    assert inside >= 54


def test_the_memorized_come_by_id_most_first():
    e = evidence()
    ids = memorized(e.scores)
    assert sorted(ids.tolist()) == list(range(12))
    e.scores.columns["memorization"][3] = 2.0
    assert memorized(e.scores)[0] == 3
    with pytest.raises(NotApplicable, match="memorization"):
        memorized(scores_of(clouds()))
