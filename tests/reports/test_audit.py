"""The whole way in one call: what it leaves, what it reads again, what more budget adds."""

from __future__ import annotations

import pytest

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.reports import audit as whole


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


def test_more_models_keep_the_earlier_ones_and_their_utility(few, folder):
    kept = {p.name: p.read_bytes() for p in (folder / "subsets").glob("model-*")}
    more = bh.audit(few, folder, models=10, pairs=2, jobs=1)
    assert more.scores.many.models == 10
    assert {
        n: b for n, b in ((p.name, p.read_bytes()) for p in (folder / "subsets").glob("model-*")) if n in kept
    } == kept


def test_a_larger_budget_buys_more_and_the_same_one_does_not(few, tmp_path):
    run = bh.record(few, tmp_path / "run")
    small = whole._purchase(run, tmp_path, 9.0, None, None, 1)
    assert whole._purchase(run, tmp_path, 9.0, None, None, 1) == small
    large = whole._purchase(run, tmp_path, 900.0, None, None, 1)
    assert large == (60, 5) and small[0] <= large[0]
    assert whole._purchase(run, tmp_path, 9.0, None, None, 1) == large


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
