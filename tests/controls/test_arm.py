"""One training of an arm: what its outputs say of the base task's examples, and its file."""

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import RunError, TrainingFailed
from byheart.base.store import write_arrays, write_json
from byheart.controls.arm import answers, arm_key, opened, seconds_of, train_arm
from byheart.controls.drop import Drop
from byheart.controls.stop import Stop


def test_answers_by_hand(table):
    logits = np.array([[0.0, np.log(3)], [2.0, 0.0], [0.0, 0.5], [0.0, 9.0], [1.0, 0.0]], np.float32)
    examples = dataclasses.replace(table.test, targets=np.array([1, 1, 0, 1, 0]))
    found = answers(table, table, logits, examples)
    p = np.exp(logits.astype(float))
    p /= p.sum(1, keepdims=True)
    assert found["correct"].tolist() == [1, 0, 0, 1, 1]
    np.testing.assert_allclose(
        found["loss"], -np.log(p[np.arange(5), examples.targets]), rtol=1e-5, atol=1e-7
    )  # float32
    np.testing.assert_allclose(found["confidence"], p.max(1), rtol=1e-5)
    assert {column.dtype for column in found.values()} == {np.dtype("float32")}


def test_losses_of_a_regression_are_in_the_base_tasks_deviations(table):
    y = np.arange(10, dtype=np.float32) + np.float32(0.25)
    base = bh.Task((table.train.inputs, y), (table.test.inputs, y[:5]))
    task = Drop((8, 9)).apply(base)
    mean, deviation = task.target_scale
    outputs = np.linspace(-1, 1, 10)[:, None].astype(np.float32)
    found = answers(base, task, outputs, base.train)
    wanted = np.square((outputs[:, 0] * deviation + mean - y) / base.target_scale[1])
    np.testing.assert_allclose(found["loss"], wanted, rtol=1e-4, atol=1e-6)
    assert np.isnan(found["confidence"]).all() and base.target_scale[1] != deviation


def test_outputs_that_are_no_numbers(table):
    with pytest.raises(TrainingFailed, match="no numbers"):
        answers(table, table, np.full((5, 2), np.nan, np.float32), table.test)


class Constant:
    """A learner that answers class 1 and counts what it was given."""

    def fit(self, task, rows, seed):
        self.given = len(task.train), rows.tolist(), seed
        return lambda examples: np.tile(np.float32([0, 2]), (len(examples), 1))


def test_the_file_holds_held_out_rows_and_the_base_tasks_training_rows(table, tmp_path):
    learner, changed, path = Constant(), Drop((8, 9)).apply(table), tmp_path / "arm.safetensors"
    seconds = train_arm(table, changed, learner, 11, path)
    assert learner.given == (8, list(range(8)), 11) and seconds_of(path) == seconds
    found = opened(path, table)
    np.testing.assert_array_equal(found["correct"], table.held_out.targets == 1)
    np.testing.assert_array_equal(found["train"], table.train.targets == 1)  # dropped rows are asked about too
    assert {len(found[name]) for name in ("correct", "loss", "confidence")} == {len(table.held_out)}


def test_a_key_names_what_is_learned(table):
    keys = [arm_key(t) for t in (table, Drop((1,)).apply(table), Drop((2,)).apply(table), Stop(2).apply(table))]
    assert len(set(keys)) == 4 and keys[0] == arm_key(dataclasses.replace(table))


@pytest.mark.parametrize("lack", ["correct", "train"])
def test_a_damaged_arm(table, tmp_path, lack):
    held, path = np.ones(len(table.held_out), np.float32), tmp_path / "arm.safetensors"
    whole = {"correct": held, "loss": held, "confidence": held, "train": np.ones(10, np.float32)}
    for broken in ({k: v for k, v in whole.items() if k != lack}, whole | {lack: whole[lack][:-1]},
                   whole | {lack: whole[lack].astype(np.int64)}):  # fmt: skip
        write_arrays(path, broken)
        with pytest.raises(RunError, match="is damaged"):
            opened(path, table)
    write_arrays(path, whole)
    assert set(opened(path, table)) == set(whole) and np.isnan(seconds_of(path))
    write_json(path.with_suffix(".time"), [1])
    assert np.isnan(seconds_of(path))
