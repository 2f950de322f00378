"""The whole way in one call: what it leaves, what it reads again, what more budget adds."""

from __future__ import annotations

import dataclasses
import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.base.progress import silent
from byheart.reports import audit as whole
from byheart.reports.purchase import purchase


@pytest.fixture(scope="module")
def folder(few, tmp_path_factory):
    place = tmp_path_factory.mktemp("audit")
    bh.audit(few, place, models=8, pairs=2, jobs=1)
    return place


def test_it_leaves_a_report_and_its_twins(folder):
    for name in ("audit.html", "audit.json", "scores.parquet", "influence_pairs.parquet", "plan.json", "timing.json"):
        assert (folder / name).stat().st_size > 0


def test_the_same_call_reads_what_is_there_and_says_the_same(few, folder, monkeypatch):
    import byheart.runs.learner

    monkeypatch.setattr(byheart.runs.learner.Network, "fit", None)  # nothing is trained again
    first = (folder / "audit.json").read_text()
    said = []
    again = bh.audit(few, folder, models=8, pairs=2, jobs=1, announce=said.append)
    assert again.verdict.word in ("none", "good", "bad", "ugly", "undecided") and said
    assert (folder / "audit.json").read_text() == first


def test_a_page_is_written_again_only_when_it_would_show_something_else(few, folder, tmp_path, monkeypatch):
    """Loading the charts' JavaScript takes longer than all the rest of an audit that is there already."""
    import vl_convert

    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda: "")
    out = shutil.copytree(folder, tmp_path / "audit")
    page = out / "audit.html"
    again = {"models": 8, "pairs": 2, "jobs": 1}

    def written(**change) -> bool:
        os.utime(page, ns=(0, 0))
        bh.audit(few, out, **(again | change))
        text = page.read_text()
        assert text.endswith("</html>") and text.count("byheart-content") == 1
        return page.stat().st_mtime_ns != 0

    assert not written()
    assert written(page="html_redacted") and not written(page="html_redacted")
    assert written(command="byheart audit few")
    for damaged in (page.read_bytes()[:-100], b"\xff\xfe"):
        page.write_bytes(damaged)
        assert written()
    page.unlink()
    bh.audit(few, out, **again)
    assert page.exists()


def test_a_learning_rate_that_was_found_is_not_looked_for_again(few, tmp_path, monkeypatch):
    from byheart.runs import learning_rate

    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, lr=None, epochs=2))
    monkeypatch.setattr(learning_rate, "_trial", lambda task, rows, lr, epochs: abs(lr - 0.03))
    first = bh.audit(task, tmp_path, models=2, pairs=0, jobs=1).scores.run.record.recipe["lr"]
    monkeypatch.setattr(learning_rate, "_trial", None)
    assert bh.audit(task, tmp_path, models=2, pairs=0, jobs=1).scores.run.record.recipe["lr"] == first


def test_more_models_keep_the_earlier_ones_and_their_utility(few, folder):
    kept = {p.name: p.read_bytes() for p in (folder / "subsets").glob("model-*")}
    more = bh.audit(few, folder, models=10, pairs=2, jobs=1)
    assert more.scores.many.models == 10
    assert {
        n: b for n, b in ((p.name, p.read_bytes()) for p in (folder / "subsets").glob("model-*")) if n in kept
    } == kept


def test_layers_are_asked_once_and_the_same_call_goes_on(few, tmp_path, monkeypatch):
    import byheart.runs.learner
    from byheart.reports import located

    said, task = [], dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=12))
    again = {"models": 8, "pairs": 0, "jobs": 1, "locate": True}
    found = bh.audit(task, tmp_path, announce=said.append, **again)
    assert sorted(found.scores.run.checkpoints) == [0, 2, 4, 6, 8, 10, 12] and "located by layer" in said[0]
    assert found.task.recipe.methods == () and found.effects["location"].epochs == 4
    assert "checkpoints" not in str(found.scores.many.record.recipe)  # the other models need not keep any
    first = (tmp_path / "audit.json").read_text()
    monkeypatch.setattr(located, "locate", None)
    monkeypatch.setattr(byheart.runs.learner.Network, "fit", None)
    bh.audit(task, tmp_path, **again)
    assert (tmp_path / "audit.json").read_text() == first
    with pytest.raises(RunError):  # a run without checkpoints is another one
        bh.audit(task, tmp_path, models=8, pairs=0, jobs=1)
    whole._forget(tmp_path)
    assert not (tmp_path / located.KEPT).exists()


def test_a_larger_budget_buys_more_and_the_same_one_does_not(few, tmp_path):
    run = bh.record(few, tmp_path / "run")
    small = purchase(run, tmp_path, 9.0, None, None, 1)
    assert purchase(run, tmp_path, 9.0, None, None, 1) == small
    large = purchase(run, tmp_path, 900.0, None, None, 1)
    assert large == (60, 5) and small[0] <= large[0]
    assert purchase(run, tmp_path, 9.0, None, None, 1) == large


def test_another_task_or_seed_is_refused_and_fresh_begins_anew(few, folder, tmp_path):
    with pytest.raises(RunError, match="seed"):
        bh.audit(few, folder, models=8, pairs=0, seed=1)
    with pytest.raises(UsageError, match="buys nothing"):
        bh.audit(few, tmp_path, budget=0)
    with pytest.raises(UsageError, match="cannot be compared"):
        bh.audit(few, tmp_path, models=1)
    bh.audit(few, tmp_path / "a", models=0, pairs=0)
    (tmp_path / "a" / "mine.txt").write_text("kept")
    assert bh.audit(few, tmp_path / "a", models=0, pairs=0, seed=1, fresh=True).scores.run.record.seed == 1
    assert (tmp_path / "a" / "mine.txt").exists()


@pytest.fixture(scope="module")
def evidence(few, folder):
    run, many = bh.Run(folder / "run"), bh.SubsetRuns(folder / "subsets")
    return run, many, bh.score(run, many, task=few)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_scores_that_are_damaged_or_of_something_else_are_computed_again(few, folder, evidence, tmp_path, data):
    run, many, wanted = evidence
    shutil.rmtree(tmp_path / "scores", ignore_errors=True)
    shutil.copytree(folder / "scores", tmp_path / "scores")
    path = tmp_path / "scores" / data.draw(st.sampled_from(["key.json", "scores.json", "scores.parquet"]))
    raw = bytearray(path.read_bytes())
    kind = data.draw(st.sampled_from(["cut", "flip", "noise"]))
    if kind == "cut":
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    elif kind == "flip":  # in the front of a Parquet file are numbers: only their own page could tell
        raw[data.draw(st.integers(-min(len(raw), 400), -1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        raw = bytearray(data.draw(st.binary(max_size=60) | st.sampled_from([b"{}", b'{"scores": [], "skipped": [1]}'])))
    path.write_bytes(bytes(raw))
    try:
        found = whole._scores(run, many, few, tmp_path, silent())
    except RunError as error:
        assert error.do
        return
    assert set(found.columns) <= set(wanted.columns)
    for name in found.columns:
        assert found[name].shape == wanted[name].shape


def test_a_training_beside_the_run_is_scored_without_being_asked_again(few, folder, tmp_path):
    from byheart.runs.second_split import second_split

    out = shutil.copytree(folder, tmp_path / "audit")
    again = {"models": 8, "pairs": 2, "jobs": 1}
    assert "second_split_forgetting" not in bh.audit(few, out, **again).scores
    second_split(few, out / "run" / "second_split")
    found = bh.audit(few, out, **again)
    assert np.isfinite(found.scores["second_split_forgetting"]).all()
    assert "second_split_forgetting" in (out / "audit.json").read_text()
