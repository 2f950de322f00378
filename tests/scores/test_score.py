"""The contract's machinery: names to evidence, chunks, and what is said when evidence is missing."""

from __future__ import annotations

import numpy as np
import pytest

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.registry import every
from byheart.scores import score as contract
from byheart.scores.score import Estimate, Noted, ScoreSpec, bound, joined
from byheart.scores.trajectory.aum import aum
from byheart.scores.trajectory.cumulative_loss import cumulative_loss


class Arrays(dict):
    """Evidence by name, with what a run or subset models say beside it."""

    def __init__(self, n: int, held: int = 0, **arrays: np.ndarray) -> None:
        super().__init__(arrays)
        self.n, self.ids, self.targets = n, np.arange(n), np.arange(n) % 2
        self.test_targets = np.arange(held) % 2


def spec(compute, needs="trajectory", by_column=True) -> ScoreSpec:
    told = ("more memorized", 1, "nats", (0, 1), "free", "a test", "this file")
    return ScoreSpec("made", compute, needs, *told, by_column)


@pytest.fixture
def run() -> Arrays:
    g = np.random.default_rng(0)
    loss = g.exponential(size=(6, 10)).astype(np.float32)
    return Arrays(10, loss=loss, margin=g.normal(size=(6, 10)).astype(np.float32), seen=np.ones((6, 10), bool))


@pytest.fixture
def many() -> Arrays:
    g = np.random.default_rng(1)
    return Arrays(10, 4, member=g.random((5, 10)) < 0.7, correct=g.random((5, 14)), logits=g.random((5, 14, 3)))


def test_parameter_names_are_evidence(run, many):
    assert bound("loss", run, None) is run["loss"]
    assert bound("member", None, many) is many["member"]
    np.testing.assert_array_equal(bound("many_correct", None, many), many["correct"][:, :10])
    np.testing.assert_array_equal(bound("held_correct", None, many), many["correct"][:, 10:])
    np.testing.assert_array_equal(bound("held_logits", None, many), many["logits"][:, 10:])
    np.testing.assert_array_equal(bound("held_targets", None, many), many.test_targets)
    np.testing.assert_array_equal(bound("targets", None, many), many.targets)
    np.testing.assert_array_equal(bound("targets", run, None), run.targets)


def test_missing_evidence_says_how_to_get_it(run, many):
    with pytest.raises(NotApplicable, match=r"byheart\.record\(task\)"):
        bound("loss", None, many)
    with pytest.raises(NotApplicable, match="record_subsets"):
        bound("many_loss", run, None)
    with pytest.raises(NotApplicable, match="error_norm was not recorded"):
        bound("error_norm", run, many)
    with pytest.raises(NotApplicable, match="nothing was recorded"):
        bound("targets", None, None)


def test_evidence_that_may_be_missing_is_none(run, many):
    assert bound("loss", None, many, optional=True) is None
    assert bound("many_loss", run, many, optional=True) is None
    made = spec(lambda margin, error_norm=None: margin[0] if error_norm is None else error_norm[0])
    assert made.reads == {"margin": False, "error_norm": True}
    np.testing.assert_array_equal(made(run, None), run["margin"][0])


def test_a_name_that_is_no_evidence_is_a_mistake_of_the_score(run, many):
    for there in (many, None):
        with pytest.raises(UsageError, match="no evidence called 'losses'"):
            spec(lambda losses: losses)(run, there)


@pytest.mark.parametrize("cells", [1, 6, 13, 59, 60])
def test_chunks_of_any_size_equal_the_whole(run, cells, monkeypatch):
    whole = spec(cumulative_loss)(run, None)
    monkeypatch.setattr(contract, "CELLS", cells)
    np.testing.assert_allclose(spec(cumulative_loss)(run, None), whole, rtol=1e-12)


def test_a_chunk_that_saw_nothing_is_unknown_and_the_rest_is_scored(run, monkeypatch):
    run["margin"][:, :4] = np.nan
    whole = spec(aum)(run, None)
    monkeypatch.setattr(contract, "CELLS", 12)
    np.testing.assert_array_equal(spec(aum)(run, None), whole)
    assert np.isnan(whole[:4]).all() and np.isfinite(whole[4:]).all()
    run["margin"][:] = np.nan
    with pytest.raises(NotApplicable, match="needs classes"):
        spec(aum)(run, None)


def test_a_score_over_all_examples_is_never_cut(run, monkeypatch):
    monkeypatch.setattr(contract, "CELLS", 6)
    ranks = spec(lambda loss: loss.sum(0).argsort().argsort().astype(float), by_column=False)
    assert sorted(ranks(run, None)) == list(range(10))


def test_estimates_are_joined_with_their_errors(run, monkeypatch):
    def estimate(loss):
        if np.isnan(loss).all():
            raise NotApplicable("nothing seen")
        return Estimate(loss.mean(0), loss.std(0), loss.min(0), loss.max(0))

    run["loss"][:, :2] = np.nan
    monkeypatch.setattr(contract, "CELLS", 12)
    found = spec(estimate)(run, None)
    for field, row in (("value", "mean"), ("se", "std"), ("low", "min"), ("high", "max")):
        part = getattr(found, field)
        assert np.isnan(part[:2]).all()
        np.testing.assert_allclose(part[2:], getattr(run["loss"][:, 2:], row)(0), rtol=1e-6)
    assert isinstance(joined([np.ones(2), np.zeros(1)]), np.ndarray)


def test_a_note_of_several_chunks_is_said_once():
    found = joined([Noted(np.ones(2), ("slowly", "here")), Noted(np.zeros(1), ("slowly",))])
    assert isinstance(found, Noted) and found.value.tolist() == [1, 1, 0] and found.notes == ("slowly", "here")


def test_the_direction_follows_from_what_a_high_value_means(monkeypatch):
    kept, before = {}, every("score")
    monkeypatch.setattr(contract, "register", lambda kind, name: lambda made: kept.setdefault((kind, name), made))
    told = dict(needs="trajectory", unit="nats", range=(0, 1), cost="free", finds="tests", source="this file")
    contract.score("up", higher="more memorized, then noise", **told)(aum)
    contract.score("down", higher="easier", **told)(aum)
    contract.score("neither", higher="more ambiguous", direction=0, **told)(aum)
    assert {name: made.direction for (_, name), made in kept.items()} == {"up": 1, "down": -1, "neither": 0}
    assert {kind for kind, _ in kept} == {"score"}
    assert every("score") == before


def test_sixty_thousand_examples_and_a_hundred_epochs_stay_small():
    import tracemalloc

    g = np.random.default_rng(0)
    loss = g.exponential(size=(100, 60_000)).astype(np.float32)
    correct = (loss < 0.5).astype(np.float16)
    run = Arrays(60_000, loss=loss, margin=-loss, correct=correct, error_norm=loss / loss.max())
    for name, made in every("score").items():
        if made.needs == "trajectory":
            tracemalloc.start()
            made(run, None)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 200e6, (name, peak)
