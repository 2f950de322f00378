"""Scores: what is in the table, what is skipped and why, and that a file is read back as it was or refused."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.base.registry import every, find
from byheart.data.examples import Examples
from byheart.scores.table import Scores, score


@pytest.fixture(scope="module")
def run(few, tmp_path_factory):
    return bh.record(few, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def many(few, tmp_path_factory):
    return bh.record_subsets(few, 4, tmp_path_factory.mktemp("many"), jobs=1)


@pytest.fixture(scope="module")
def scores(run, many) -> Scores:
    return score(run, many)


def test_every_score_is_there_or_says_why_not(run, many, scores):
    assert set(scores.columns) | set(scores.skipped) == set(every("score"))
    assert all(column.shape == (200,) and column.dtype == np.float64 for column in scores.columns.values())
    np.testing.assert_array_equal(scores.ids, run.ids)
    assert scores.run is run and scores.many is many and len(scores) == 200
    assert f"200 examples, {len(scores.columns)} scores" in repr(scores)


def test_without_subset_models_their_scores_are_skipped_with_the_way_out(run):
    found = score(run)
    assert "cumulative_loss" in found and "memorization" not in found
    assert "record_subsets" in found.skipped["memorization"]
    with pytest.raises(UsageError, match="record_subsets"):
        found["memorization"]


def test_subset_models_alone_are_scored_too(many):
    found = score(None, many)
    assert "memorization_raw" in found and "byheart.record(task)" in found.skipped["aum"]
    np.testing.assert_array_equal(found.ids, many.ids)


def test_names_choose_and_unknown_ones_are_refused(run):
    assert list(score(run, names=["aum", "forgetting"]).columns) == ["aum", "forgetting"]
    with pytest.raises(UsageError, match="did you mean 'forgetting'"):
        score(run, names=["forgeting"])
    with pytest.raises(UsageError, match="did you mean 'aum'"):
        score(run, names=["aum"])["aun"]
    assert list(score(run, names="aum").columns) == ["aum"]


def test_a_misspelled_name_of_what_was_skipped_is_recognized_too(run):
    with pytest.raises(UsageError, match="did you mean 'memorization'"):
        score(run)["memorisation"]
    with pytest.raises(UsageError, match="none is there"):
        Scores(np.arange(2), {})["aum"]


def test_subset_models_trained_on_other_labels_are_refused(few, run, tmp_path):
    flipped = Examples(few.train.inputs, 9 - few.train.targets, few.train.ids)
    other = bh.record_subsets(dataclasses.replace(few, train=flipped, truth={}), 2, tmp_path, jobs=1)
    with pytest.raises(UsageError, match="different labels"):
        score(run, other)


def test_no_evidence_and_evidence_of_other_examples_are_refused(few, run, tmp_path):
    with pytest.raises(UsageError, match="no evidence"):
        score(None)
    other = bh.record_subsets(bh.Task(few.train.take(np.arange(60)), few.test, recipe=few.recipe), 2, tmp_path, jobs=1)
    with pytest.raises(UsageError, match="different examples"):
        score(run, other)


def test_a_regression_is_scored_from_both_though_the_run_keeps_standardized_targets(tmp_path):
    task = find("task", "diabetes")()
    recipe = dataclasses.replace(task.recipe, epochs=2, lr=0.01)
    task = dataclasses.replace(task, train=task.train.take(np.arange(60)), recipe=recipe, truth={})
    found = score(bh.record(task, tmp_path / "run"), bh.record_subsets(task, 2, tmp_path / "many", jobs=1))
    assert {"cumulative_loss", "memorization_raw"} <= set(found.columns) and "needs classes" in found.skipped["aum"]


def test_the_frame_has_a_row_an_example_and_errors_beside_their_scores(scores):
    frame = scores.to_pandas()
    assert frame["id"].tolist() == scores.ids.tolist()
    assert {"memorization_raw", "memorization_raw_se", "memorization_raw_low", "memorization_raw_high"} <= set(frame)
    assert "aum" in frame and "aum_se" not in frame


def same(a: Scores, b: Scores) -> None:
    np.testing.assert_array_equal(a.ids, b.ids)
    assert list(a.columns) == list(b.columns) and dict(a.skipped) == dict(b.skipped)
    assert set(a.errors) == set(b.errors) and set(a.intervals) == set(b.intervals)
    for name in a.columns:
        np.testing.assert_array_equal(a.columns[name], b.columns[name])
    for name in a.errors:
        np.testing.assert_array_equal(a.errors[name], b.errors[name])
    for name in a.intervals:
        np.testing.assert_array_equal(a.intervals[name], b.intervals[name])


def test_what_was_saved_is_read_back_to_the_bit(scores, run, many, tmp_path):
    scores.save(tmp_path)
    again = Scores.load(tmp_path, run, many)
    same(scores, again)
    assert again.run is run and again.many is many and again.ids.dtype == scores.ids.dtype


def test_text_ids_and_missing_values_are_read_back(tmp_path):
    made = Scores(np.array(["ä/1", "b"]), {"aum": np.array([np.nan, -np.inf])}, skipped={"el2n": "no “classes”"},
                  notes={"aum": "by hand"})  # fmt: skip
    made.save(tmp_path)
    same(made, Scores.load(tmp_path))
    assert Scores.load(tmp_path).notes == {"aum": "by hand"}
    assert Scores.load(tmp_path).ids.dtype.kind == "U"


def test_scores_of_other_examples_are_refused(scores, run, tmp_path):
    part = Scores(scores.ids[:50], {"aum": scores["aum"][:50]})
    part.save(tmp_path)
    with pytest.raises(RunError, match="other examples"):
        Scores.load(tmp_path, run)


@pytest.mark.parametrize(
    "notes",
    [
        {},
        [],
        3,
        {"scores": ["aum"]},
        {"scores": ["aum"], "skipped": {}},
        {"scores": ["gone"], "skipped": {}, "notes": {}},
        {"scores": 3, "skipped": {}, "notes": {}},
        {"scores": [["aum"]], "skipped": {}, "notes": {}},
        {"scores": ["aum"], "skipped": 3, "notes": {}},
        {"scores": ["aum"], "skipped": {}, "notes": 3},
        {"scores": ["aum"], "skipped": {}, "notes": {"aum": 3}},
    ],
)
def test_notes_that_do_not_fit_are_refused(notes, tmp_path):
    Scores(np.arange(2), {"aum": np.zeros(2)}).save(tmp_path)
    (tmp_path / "scores.json").write_text(json.dumps(notes))
    with pytest.raises(RunError, match="damaged"):
        Scores.load(tmp_path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(RunError, match=r"scores\.parquet does not exist"):
        Scores.load(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["scores.parquet", "scores.json"]), st.floats(0, 1), st.integers(0, 7), st.booleans())
def test_a_damaged_file_is_refused_or_still_a_table(name, at, bit, flip):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        Scores(np.arange(40), {"aum": np.linspace(0, 1, 40), "el2n": np.ones(40)}, skipped={"a": "b"}).save(folder)
        raw = bytearray((folder / name).read_bytes())
        if flip:
            raw[min(int(at * len(raw)), len(raw) - 1)] ^= 1 << bit
        else:
            raw = raw[: int(at * (len(raw) - 1))]
        (folder / name).write_bytes(raw)
        if not flip and name == "scores.parquet":
            with pytest.raises(RunError, match="damaged"):
                Scores.load(folder)
            return
        with contextlib.suppress(RunError):  # a flipped bit may leave a table with another value, never another error
            found = Scores.load(folder)
            assert all(column.shape == (len(found),) for column in found.columns.values())
