import dataclasses

import numpy as np
import pytest

from byheart.base.errors import DataError, UsageError
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.balanced import ClassBalanced, GroupBalanced, drawn, probabilities
from byheart.runs.loop import begin, fit, one_thread
from byheart.runs.single import record


def test_probabilities_against_a_loop():
    codes = np.array([0, 0, 0, 2, 2, 5])
    for strength in (0.0, 0.3, 1.0):
        raw = [1 / (codes == g).sum() ** strength for g in codes]
        assert np.allclose(probabilities(codes, strength), np.array(raw) / sum(raw))
    assert np.allclose([probabilities(codes)[codes == g].sum() for g in (0, 2, 5)], 1 / 3)
    assert np.allclose(probabilities(codes, 0.0), 1 / 6)


def test_draws_are_as_frequent_as_that():
    codes = np.repeat([0, 1, 2], [900, 90, 10])
    rows = np.arange(1000) + 5000
    random = np.random.default_rng(0)
    found = np.concatenate([drawn(rows, codes, 1.0, random) for _ in range(20)])
    counts = np.bincount(codes[found - 5000])
    assert counts.sum() == 20_000
    assert (abs(counts - 20_000 / 3) < 4 * np.sqrt(20_000 * 2 / 9)).all()


@dataclasses.dataclass(frozen=True)
class Spy:
    """The rows of every epoch."""

    seen: list

    def epoch_start(self, state):
        self.seen.append(state.rows.copy())


def grouped(few, share=0.1):
    groups = np.where(np.arange(len(few.train)) < share * len(few.train), "few", "many")
    return dataclasses.replace(few, train=dataclasses.replace(few.train, groups=groups), truth={})


def test_every_epoch_has_a_draw_of_its_own_from_the_rows_of_the_training(few):
    task, rows, spy = grouped(few), np.arange(5, 185), Spy([])
    with one_thread():
        fit(begin(task, rows, 0), [GroupBalanced(), spy])
    assert len(spy.seen) == 6 and all(len(s) == len(rows) and np.isin(s, rows).all() for s in spy.seen)
    assert not np.array_equal(spy.seen[0], spy.seen[1])
    shares = [(task.train.groups[s] == "few").mean() for s in spy.seen]
    assert np.mean(shares) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(6 * 180))


def test_classes_likewise(few):
    y = np.where(np.arange(200) % 20 == 0, 1, 0)
    task, spy = Task((few.train.inputs, y), (few.train.inputs[:9], y[:9]), recipe=few.recipe), Spy([])
    with one_thread():
        fit(begin(task, np.arange(200), 0), [ClassBalanced(), spy])
    assert np.mean([y[s].mean() for s in spy.seen]) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(6 * 200))


@pytest.mark.parametrize("event", [GroupBalanced, ClassBalanced])
def test_strength_0_changes_no_byte(event, few, tmp_path):
    task = grouped(few)
    for name, events in {"plain": (), "none": (event(0.0),), "full": (event(),)}.items():
        record(task, tmp_path / name, events=events)
    plain, none, full = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none", "full"))
    assert plain == none != full


def test_who_was_not_drawn_was_not_seen(few, tmp_path):
    run = record(grouped(few), tmp_path / "run", events=(GroupBalanced(),))
    assert 0 < run["seen"].mean() < 1 and np.array_equal(np.isnan(run["loss"]), ~run["seen"].astype(bool))


def test_errors(few):
    with pytest.raises(UsageError, match="strength"):
        GroupBalanced(1.5)
    with pytest.raises(DataError, match="needs groups"):
        fit(begin(few, np.arange(200), 0), [GroupBalanced()])
    y = np.linspace(0.1, 1, 9)
    with pytest.raises(DataError, match="regression"):
        fit(begin(Task((np.zeros((9, 2)), y), (np.zeros((9, 2)), y), recipe=Recipe(lr=0.1)), np.arange(9), 0),
            [ClassBalanced()])  # fmt: skip
