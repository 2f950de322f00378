"""Which examples are located, what that costs, and that it is looked for once."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from byheart.base.errors import TrainingFailed
from byheart.diagnosis.location import locate
from byheart.diagnosis.silenced import affordable
from byheart.reports import located as here
from byheart.reports.located import KEPT, TABLES, asked, kept_along, located, retraining, trainings
from byheart.runs.loop import events_of


def trained_for(task, epochs, *methods):
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=epochs, methods=methods))


def test_about_ten_checkpoints_come_beside_what_the_recipe_has(few):
    assert kept_along(trained_for(few, 60)).recipe.methods == ("checkpoints=6",)
    assert kept_along(trained_for(few, 60, "dropout=0.5")).recipe.methods == ("dropout=0.5", "checkpoints=6")
    assert events_of(kept_along(trained_for(few, 20_000)))[0].every == 2000
    assert events_of(kept_along(trained_for(few, 3)))[0].every == 1
    mine = trained_for(few, 60, "checkpoints=30")
    assert kept_along(mine) is mine


def test_a_regression_keeps_none(regression):
    assert kept_along(regression.task) is regression.task and trainings(regression.task) == 0
    assert "numbers" in located(regression.scores.run, regression.task, regression.scores, regression.scores.run.folder)


@pytest.mark.parametrize(("epochs", "wanted"), [(1, 1), (2, 1), (6, 2), (60, 20)])
def test_retraining_takes_at_most_a_third(few, epochs, wanted):
    assert retraining(trained_for(few, epochs)) == wanted


def test_many_layers_share_two_trainings(few):
    from byheart.models.mlp import mlp

    deep = dataclasses.replace(trained_for(few, 60), network=lambda: mlp((64,), 10, hidden=(8,) * 19))
    assert retraining(deep) == 6
    assert trainings(kept_along(trained_for(few, 60))) > trainings(kept_along(trained_for(few, 60, "checkpoints=30")))


def test_those_that_mem001_flags_are_asked_about_where_there_are_enough(by_layer, monkeypatch):
    task, scores = by_layer.task, by_layer.scores
    flagged = by_layer["MEM001"].ids
    assert len(flagged) >= here.FEWEST
    ids, whose = asked(task, scores.run, scores)
    assert whose == "that MEM001 flags" and set(ids) == set(flagged)
    assert ids.tolist() == [one for one in task.train.ids.tolist() if one in set(flagged.tolist())]
    monkeypatch.setattr(here, "FEWEST", len(flagged) + 1)
    ids, whose = asked(task, scores.run, scores)
    assert whose == "with a memorization of .25 or more"
    assert set(ids) == set(scores.ids[scores["memorization"] >= 0.25])


def test_what_is_found_is_what_locate_finds(by_layer):
    found = by_layer.effects["location"]
    assert found.epochs == 5  # of 15
    again = locate(by_layer.scores.run, by_layer.task, found.location.ids, 5, affordable(by_layer.task)[0])
    for name in TABLES:
        left, right = getattr(found.location, name), getattr(again, name)
        assert left.to_dict("list") == right.to_dict("list")


def test_what_was_found_is_read_again_and_damage_is_not(by_layer, tmp_path, monkeypatch):
    run, task, scores = by_layer.scores.run, by_layer.task, by_layer.scores
    made = by_layer.effects["location"].location
    calls = []
    monkeypatch.setattr(here, "locate", lambda *given: (calls.append(given), made)[1])
    located(run, task, scores, tmp_path)
    first = located(run, task, scores, tmp_path)
    assert len(calls) == 1
    for name in TABLES:
        assert getattr(first.location, name).to_dict("list") == getattr(made, name).to_dict("list")
    path = tmp_path / KEPT
    whole = path.read_text()
    content = json.loads(whole)
    changed = json.dumps({**content, "tables": {**content["tables"], "rewound": {}}})
    for text in (whole[:-40], "[]", "{}", "null", changed, json.dumps({**content, "key": "another's"})):
        path.write_text(text)
        before = len(calls)
        located(run, task, scores, tmp_path)
        assert len(calls) == before + 1 and path.read_text() == whole


def test_too_few_examples_are_not_located(alone, tmp_path, monkeypatch):
    monkeypatch.setattr(here, "FEWEST", 150)  # more than MEM001 flags, and there is no score of memorization
    said = located(alone.scores.run, alone.task, alone.scores, tmp_path)
    assert said == "0 examples are memorized and 150 are needed, with others beside them"


def test_a_run_without_checkpoints_says_so(pictures, tmp_path):
    assert "no checkpoints were kept" in located(pictures.scores.run, pictures.task, pictures.scores, tmp_path)
    assert not (tmp_path / KEPT).exists()


def test_a_training_that_diverges_is_a_reason(by_layer, tmp_path, monkeypatch):
    def diverges(*given):
        raise TrainingFailed("The loss became nan in epoch 1, batch 1.")

    monkeypatch.setattr(here, "locate", diverges)
    said = located(by_layer.scores.run, by_layer.task, by_layer.scores, tmp_path)
    assert "became nan" in said


def test_a_network_that_a_method_rebuilds_is_left_alone(by_layer, tmp_path):
    task = trained_for(by_layer.task, 15, "example_tied_dropout")
    said = located(SimpleNamespace(checkpoints={}), task, by_layer.scores, tmp_path)
    assert "the task's own does not have" in said


def test_the_memorized_of_no_score_are_none(alone, monkeypatch):
    monkeypatch.setattr(here, "FEWEST", 150)
    ids, whose = asked(alone.task, alone.scores.run, alone.scores)
    assert len(ids) == 0 and whose == "" and isinstance(ids, np.ndarray)
