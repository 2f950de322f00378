"""Exposure of canaries on the page, in the terminal and in JSON, against the losses it is made of."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import byheart
from byheart.privacy.dp_claim import canary_scores
from byheart.privacy.exposure import Extrapolated, sampled
from byheart.reports import exposed, privacy
from byheart.reports.audit import audit
from byheart.reports.markdown import escaped, rendered


@pytest.fixture(scope="module")
def planted(digits, tmp_path_factory):
    """300 digits and 100 canaries that a coin inserted or not, learned by heart; models to attack are not trained."""
    recipe = byheart.Recipe(epochs=60, batch=32, lr=0.1)
    task = dataclasses.replace(digits, train=digits.train.take(np.arange(400)), recipe=recipe)
    task = byheart.plant(task, "coin-canaries=100")
    return audit(task, tmp_path_factory.mktemp("planted"), 30.0, models=0, pairs=0, jobs=1, privacy=True)


def test_the_numbers_are_those_of_each_canary(planted):
    scores, inserted = canary_scores(planted.scores.run, planted.task)
    bits = [sampled(x, -scores[~inserted]) for x in -scores[inserted]]
    found = exposed.held(planted)
    assert found.mean == pytest.approx(np.mean(bits)) and found.mean > found.by_chance + 1
    told = exposed.content(planted)
    assert told["inserted"] == inserted.sum() and told["left_out"] == (~inserted).sum() and told["mean"] == found.mean


def test_page_terminal_and_json_tell_it(planted):
    found = exposed.held(planted)
    (said,) = exposed.notes(planted)
    assert f"{found.mean:.2f} bits on average, [{found.low:.2f}, {found.high:.2f}] by a bootstrap" in said
    assert said in privacy.section(planted)["text"] and said in privacy.lines(planted)
    assert escaped(said) in rendered(planted)
    told = json.loads((planted.scores.run.folder.parent / "audit.json").read_text())["privacy"]
    assert told["exposure"]["mean"] == pytest.approx(found.mean) and "not_measured" in told


@pytest.mark.parametrize(("furthest", "low", "told"), [
    (Extrapolated(23.44, 0.3), 3.0, True), (Extrapolated(23.44, 0.01), 3.0, False), (None, 3.0, False),
    (Extrapolated(np.inf, 0.3), 3.0, False), (Extrapolated(23.44, 0.3), 1.0, False),
])  # fmt: skip
def test_what_lies_beyond_the_references_is_told_where_it_can_be_trusted(planted, monkeypatch, furthest, low, told):
    found = dataclasses.replace(exposed.held(planted), furthest=furthest, low=low, by_chance=1.4)
    monkeypatch.setattr(exposed, "held", lambda audit: found)
    (said,) = exposed.notes(planted)
    assert ("stands out by 23.4 bits" in said) == told == ("chance gives about 5.7 to" in said)  # of 52 canaries
    assert "inf" not in said


def test_where_all_stand_out_there_is_no_interval(planted, monkeypatch):
    found = exposed.held(planted)
    most = dataclasses.replace(found, mean=found.most, low=found.most, high=found.most)
    monkeypatch.setattr(exposed, "held", lambda audit: most)
    (said,) = exposed.notes(planted)
    assert f"{found.most:.2f} bits on average, all that so many can show; " in said and "bootstrap" not in said


def test_without_such_canaries_nothing_is_said(pictures):
    assert exposed.notes(pictures) == [] and exposed.content(pictures) is None
    bare = dataclasses.replace(pictures, scores=dataclasses.replace(pictures.scores, run=None))
    assert exposed.held(bare) is None
