from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.base.store import write_arrays
from byheart.data.subsets import halves
from byheart.runs import second_split as module
from byheart.runs.loop import outputs
from byheart.runs.second_split import second_split
from byheart.scores.trajectory.second_split_forgetting import second_split_forgetting


def contents(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_wrong_labels_are_forgotten_first_and_a_second_call_reads(few, tmp_path, monkeypatch):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=25))
    correct = second_split(task, tmp_path)
    assert correct.shape == (25, 200) and correct.dtype == np.float16 and not np.isnan(correct).any()
    time = second_split_forgetting(correct)
    wrong = few.truth["wrong"]
    assert time[wrong].mean() < time[~wrong].mean()
    assert sorted(contents(tmp_path)) == ["evidence.safetensors", "run.json"], "what an unfinished one needs is gone"
    monkeypatch.setattr(module, "record", None)
    np.testing.assert_array_equal(second_split(task, tmp_path), correct)
    with pytest.raises(RunError, match="seed"):
        second_split(task, tmp_path, seed=1)


def test_each_half_is_watched_by_a_network_that_goes_on_with_the_other(few, tmp_path):
    """The same, put together by hand from two runs."""
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    correct = second_split(task, tmp_path / "split")
    first, second = halves(200, 0)
    begun = bh.record(task, tmp_path / "a", only=task.train.ids[first])
    seed = module.spawn(0, "second", "a")
    gone_on = bh.record(task, tmp_path / "b", seed, only=task.train.ids[second], start=begun)
    right = outputs(task, gone_on.network(task), task.train.take(first)).argmax(1) == task.train.targets[first]
    np.testing.assert_array_equal(correct[-1, first], right)


def test_killed_after_each_part_it_ends_in_the_same_bytes(few, tmp_path, monkeypatch):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    second_split(task, tmp_path / "whole")
    whole, real = contents(tmp_path / "whole"), module.write_arrays
    for part in ("a", "b"):

        def dying(path, arrays, part=part):
            real(path, arrays)
            if path.parent.name == f"first-{part}":
                raise KeyboardInterrupt

        monkeypatch.setattr(module, "write_arrays", dying)
        folder = tmp_path / part
        with pytest.raises(KeyboardInterrupt):
            second_split(task, folder)
        monkeypatch.setattr(module, "write_arrays", real)
        second_split(task, folder)
        assert contents(folder) == whole
    bh.record(task, folder / "first-a")  # killed between its last word and the clean-up
    second_split(task, folder)
    assert contents(folder) == whole


@dataclasses.dataclass(frozen=True)
class StopsEarly:
    """Ends after three epochs on an odd number of examples, after two on an even one."""

    def epoch_end(self, state):
        state.stop = state.epoch == 2 + len(state.rows) % 2


def test_phases_of_different_length_leave_gaps(few, tmp_path):
    recipe = dataclasses.replace(few.recipe, methods=(StopsEarly(),))
    task = dataclasses.replace(few, train=few.train.take(np.arange(199)), truth={}, recipe=recipe)
    correct = second_split(task, tmp_path)
    first, second = halves(199, 0)
    assert len(first) == 100 and len(second) == 99
    assert correct.shape == (3, 199)  # the half of 100 is watched while 99 are trained, in three epochs
    assert not np.isnan(correct[:, first]).any()
    assert np.isnan(correct[2, second]).all() and not np.isnan(correct[:2, second]).any()


def test_regression_is_refused_before_training(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    with pytest.raises(UsageError, match="needs classes"):
        second_split(bh.Task((x, x[:, 0]), (x, x[:, 1])), tmp_path / "split")
    assert not (tmp_path / "split").exists()


def test_it_is_evidence_of_the_run_beside_it_alone(few, tmp_path):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    folder = tmp_path / "run"
    run = bh.record(task, folder)
    assert "second_split_correct" not in run
    correct = second_split(task, folder / "second_split")
    run = bh.Run(folder)
    np.testing.assert_array_equal(run["second_split_correct"], correct)
    np.testing.assert_array_equal(bh.score(run)["second_split_forgetting"], second_split_forgetting(correct))
    bh.record(task, folder)  # the run itself is whole
    other = bh.record(dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=3)), tmp_path / "other")
    (folder / "second_split").rename(other.folder / "second_split")
    with pytest.raises(RunError, match="another recipe"):
        bh.score(bh.Run(other.folder))


@pytest.mark.parametrize("damage", ["cut", "narrow", "nameless", "unfinished"])
def test_a_damaged_one_is_named_and_an_unfinished_one_is_not_there_yet(few, tmp_path, damage):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    bh.record(task, tmp_path)
    correct = second_split(task, tmp_path / "second_split")
    path = tmp_path / "second_split" / "evidence.safetensors"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif damage == "narrow":
        write_arrays(path, {"second_split_correct": correct[:, :-1]})
    elif damage == "nameless":
        write_arrays(path, {"correct": correct})
    else:
        record = path.parent / "run.json"
        record.write_text(record.read_text().replace('"done": true', '"done": false'))
        assert "byheart record --second-split" in bh.score(bh.Run(tmp_path)).skipped["second_split_forgetting"]
        return
    assert bh.Run(tmp_path)["loss"].shape == (2, 200), "it says nothing of the run itself"
    with pytest.raises(RunError, match=r"evidence\.safetensors is damaged"):
        bh.score(bh.Run(tmp_path))
