import dataclasses

import numpy as np
import pytest

from byheart.base.errors import DataError, UsageError
from byheart.base.seeds import spawn
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.jtt import JTT, upsampled
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.single import record


def test_upsampling_against_a_loop():
    rows, wrong = np.array([2, 3, 5, 7]), np.array([1, 1, 0, 1, 1, 0, 1, 1], bool)
    slow = [row for row in rows for _ in range(4 if wrong[row] else 1)]
    assert upsampled(rows, wrong, 4).tolist() == slow == [2, 3, 3, 3, 3, 5, 7, 7, 7, 7]
    assert upsampled(rows, wrong, 1).tolist() == rows.tolist()


def test_the_error_set_is_that_of_a_plain_short_training(few):
    rows = np.arange(0, 200, 2)
    with one_thread():
        state = fit(begin(few, rows, 3), [JTT(weight=3, epochs=2)])
        short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
        plain = fit(begin(short, rows, spawn(3, "jtt")))
        said = outputs(few, plain.network, few.train).argmax(1)
    wrong = state.kept["jtt_error_set"]
    inside = np.isin(np.arange(200), rows)
    assert np.array_equal(wrong, (said != few.train.targets) & inside)
    assert 0 < wrong.sum() < len(rows)


def test_training_is_that_on_the_replicated_examples_to_the_byte(few):
    raw = dataclasses.replace(few, scaling="none", train=Examples(few.train.inputs / 16, few.train.targets))
    with one_thread():
        state = fit(begin(raw, np.arange(200), 0), [JTT(weight=5, epochs=1)])
        rows = upsampled(np.arange(200), state.kept["jtt_error_set"], 5)
        assert 200 < len(rows) < 1000
        replicated = Examples(raw.train.inputs[rows], raw.train.targets[rows])
        other = dataclasses.replace(raw, train=replicated, truth={})
        plain = fit(begin(other, np.arange(len(rows)), 0))
    for a, b in zip(state.network.parameters(), plain.network.parameters(), strict=True):
        assert a.detach().numpy().tobytes() == b.detach().numpy().tobytes()


def test_weight_1_changes_no_byte(few, tmp_path):
    for name, events in {"plain": (), "none": (JTT(1),), "full": (JTT(),)}.items():
        record(few, tmp_path / name, events=events)
    plain, none, full = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none", "full"))
    assert plain == none != full


def test_exceptions_to_a_shortcut_are_the_error_set():
    random = np.random.default_rng(0)
    y, n = random.integers(0, 2, 400), 400
    exception, sign = random.random(n) < 0.1, 2 * y - 1
    x = np.c_[sign, 5 * np.where(exception, -sign, sign), 0.3 * random.normal(size=(n, 20))]
    task = Task((x, y), (x[:50], y[:50]), scaling="none", recipe=Recipe(epochs=2, batch=32, lr=0.01))
    with one_thread():
        wrong = fit(begin(task, np.arange(n), 0), [JTT()]).kept["jtt_error_set"]
    assert (wrong == exception).mean() > 0.98


def test_what_a_later_method_draws_from_is_upsampled(few):
    seen = []

    @dataclasses.dataclass(frozen=True)
    class Spy:
        def fit_start(self, state):
            seen.append(len(state.rows))

    with one_thread():
        state = fit(begin(few, np.arange(200), 0), [JTT(weight=3), Spy()])
    assert seen == [200 + 2 * state.kept["jtt_error_set"].sum()]


def test_errors():
    for wrong in ({"weight": 0}, {"weight": -3}, {"epochs": 0}):
        with pytest.raises(UsageError, match="whole number"):
            JTT(**wrong)
    y = np.linspace(0.1, 1, 9)
    regression = Task((np.zeros((9, 2)), y), (np.zeros((9, 2)), y), recipe=Recipe(lr=0.1))
    with pytest.raises(DataError, match="regression"):
        fit(begin(regression, np.arange(9), 0), [JTT()])
