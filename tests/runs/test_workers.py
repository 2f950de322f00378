"""Worker processes outlive a call: what they are told must not depend on where the caller stood before."""

import os

import joblib
import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import UsageError
from byheart.runs.workers import each, workers


def test_a_relative_folder_means_the_same_to_a_worker_that_is_older(few, tmp_path, monkeypatch):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        many = bh.record_subsets(few, models=2, out="subsets", jobs=2)
        assert np.isfinite(many["margin"]).all()
        bh.utility(few, few.train.ids[:10], seeds=2, out="utility", jobs=2)
    written = [
        sorted(str(p.relative_to(tmp_path / name)) for p in (tmp_path / name).rglob("*"))
        for name in ("first", "second")
    ]
    assert written[0] == written[1]
    assert len(written[0]) > 8


def whoami(k: int) -> tuple[int, int]:
    return k, os.getpid()


def processes(jobs: int | None = None) -> set[int]:
    found = dict(each(whoami, [(k,) for k in range(4)], jobs))
    assert sorted(found) == [0, 1, 2, 3]
    return set(found.values())


def test_one_that_was_configured_is_one_and_nothing_configured_is_all(monkeypatch):
    here = {os.getpid()}
    assert workers() == joblib.cpu_count()
    with joblib.parallel_config(n_jobs=1):
        assert workers() == 1 and processes() == here
        assert workers(2) == 2, "who asks for a number gets it"
    with joblib.parallel_config(n_jobs=2):
        assert workers() == 2 and not processes() & here
    with joblib.parallel_config(n_jobs=-1):
        assert workers() == joblib.cpu_count()
    assert workers(-1) == joblib.cpu_count()
    with pytest.raises(UsageError, match="0 jobs"):
        workers(0)


def test_threads_would_share_random_numbers_so_trainings_take_turns(few, tmp_path):
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert workers() == workers(2) == 1 and processes() == {os.getpid()}
        taken = bh.record_subsets(few, 3, tmp_path / "threads")
    alone = bh.record_subsets(few, 3, tmp_path / "alone", jobs=1)
    np.testing.assert_array_equal(taken["logits"], alone["logits"])
