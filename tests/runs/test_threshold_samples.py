from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.data.subsets import threshold_sets
from byheart.runs import threshold_samples as module
from byheart.runs.threshold_samples import threshold_samples, with_extra_class


def test_the_whole_procedure_finds_planted_wrong_labels(few, tmp_path):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=20))
    bh.record(task, tmp_path)
    threshold_samples(task, tmp_path / "threshold_samples")
    flags, wrong = bh.score(bh.Run(tmp_path))["aum_over_threshold"] <= 0, task.truth["wrong"]
    assert flags[wrong].mean() >= 0.75
    assert flags[~wrong].mean() <= 0.35


def test_each_run_gives_its_samples_a_class_that_does_not_exist(few, tmp_path, monkeypatch):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    margin, sample = threshold_samples(task, tmp_path / "samples", 3)
    assert margin.shape == (2, 200, 2) and margin.dtype == np.float32 and sample.shape == (2, 200)
    for k, rows in enumerate(threshold_sets(task.train.targets, 10, 3)):
        assert np.flatnonzero(sample[k]).tolist() == rows.tolist() and len(rows) == 200 // 11
        extra = with_extra_class(task, rows)
        assert (extra.train.targets[rows] == 10).all() and extra.classes == 11
        np.testing.assert_array_equal(bh.record(extra, tmp_path / str(k), 3)["margin"], margin[:, :, k])
    assert sorted(p.name for p in (tmp_path / "samples").rglob("*")) == ["evidence.safetensors", "run.json"]
    monkeypatch.setattr(module, "record", None)
    np.testing.assert_array_equal(threshold_samples(task, tmp_path / "samples", 3)[0], margin)
    with pytest.raises(RunError, match="seed"):
        threshold_samples(task, tmp_path / "samples", 4)


def test_killed_between_its_runs_it_ends_in_the_same_bytes(few, tmp_path, monkeypatch):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    threshold_samples(task, tmp_path / "whole")
    real = module.record

    def dying(task, folder, seed, **more):
        if folder.name == "run-1":
            raise KeyboardInterrupt
        return real(task, folder, seed, **more)

    monkeypatch.setattr(module, "record", dying)
    with pytest.raises(KeyboardInterrupt):
        threshold_samples(task, tmp_path / "killed")
    monkeypatch.setattr(module, "record", real)
    threshold_samples(task, tmp_path / "killed")
    for name in ("evidence.safetensors", "run.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_regression_and_too_few_examples_are_refused_before_training(few, tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    with pytest.raises(UsageError, match="need classes"):
        threshold_samples(bh.Task((x, x[:, 0]), (x, x[:, 1])), tmp_path / "a")
    few = dataclasses.replace(few, train=few.train.take(np.arange(10)), truth={})
    with pytest.raises(UsageError, match="too few"):
        threshold_samples(few, tmp_path / "b")
    assert not list(tmp_path.iterdir())
