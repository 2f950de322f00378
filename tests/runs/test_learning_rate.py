from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from torch import nn

import byheart as bh
from byheart.base.errors import RunError, TrainingFailed, UsageError
from byheart.runs import learning_rate
from byheart.runs.learning_rate import LADDER, settled
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.single import restart


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_chosen_rate_learns_and_is_the_same_again(few, optimizer):
    task = dataclasses.replace(few, recipe=bh.Recipe(epochs=30, optimizer=optimizer))
    chosen = settled(task)
    assert chosen.recipe.lr in LADDER[optimizer] and settled(task).recipe.lr == chosen.recipe.lr
    with one_thread():
        state = fit(begin(chosen, np.arange(200), 0))
    assert (outputs(chosen, state.network, chosen.train).argmax(1) == chosen.train.targets).mean() > 0.9


def test_a_rate_that_was_given_is_kept(few):
    assert settled(few) is few


def test_inputs_on_a_wild_scale_still_train():
    """Standardization and the trial leave nothing to luck: the same data times ten thousand give the same choice."""
    x = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    rates = {settled(bh.Task((x * s + s, y), (x[:20] * s + s, y[:20]))).recipe.lr for s in (1.0, 1e4)}
    assert len(rates) == 1


def test_a_network_that_always_diverges_is_told(few):
    class Explode(nn.Module):
        def __init__(self, shape, outputs):
            super().__init__()
            self.last = nn.Linear(64, outputs)

        def forward(self, x):
            return self.last(x.flatten(1)) * 1e38 * 1e38

    with pytest.raises(TrainingFailed, match="every learning rate"):
        settled(dataclasses.replace(few, network=Explode, recipe=bh.Recipe(epochs=2)))


def test_the_schedules_end_where_they_say():
    rates = {
        s: [bh.Recipe(epochs=8, schedule=s).rate(e) for e in range(8)] for s in ("constant", "linear", "cosine", "step")
    }
    assert set(rates["constant"]) == {1.0} and rates["step"] == [1.0] * 4 + [0.1] * 2 + [0.01] * 2
    for s in ("linear", "cosine"):
        assert rates[s][0] == 1.0 and 0 < rates[s][-1] < 0.2 and rates[s] == sorted(rates[s], reverse=True)
    with pytest.raises(UsageError, match="schedule"):
        bh.Recipe(schedule="exponential")


@pytest.fixture
def asked(monkeypatch):
    """The rates that were tried; .03 always wins."""
    found = []
    monkeypatch.setattr(learning_rate, "_trial", lambda task, rows, lr, epochs: found.append(lr) or abs(lr - 0.03))
    return found


def test_a_rate_is_kept_beside_the_run_for_the_same_task_alone(few, tmp_path, asked):
    task = dataclasses.replace(few, recipe=bh.Recipe(epochs=2, batch=32))
    other = dataclasses.replace(task, recipe=bh.Recipe(epochs=3, batch=32))
    for which, trials in ((task, 5), (task, 5), (other, 10), (other, 10), (task, 15)):
        assert settled(which, tmp_path).recipe.lr == 0.03 and len(asked) == trials
    assert settled(few, tmp_path) is few


@pytest.mark.parametrize("content", ["{", "[]", '{"task": 1, "lr": 0.1}', None])
def test_a_rate_that_cannot_be_read_is_looked_for_again(few, tmp_path, content, asked):
    task = dataclasses.replace(few, recipe=bh.Recipe(epochs=2, batch=32))
    settled(task, tmp_path)
    path = tmp_path / "learning_rate.json"
    path.write_text(path.read_text().replace("0.03", "7.5") if content is None else content)
    assert settled(task, tmp_path).recipe.lr == 0.03 and len(asked) == 10
    assert settled(task, tmp_path).recipe.lr == 0.03 and len(asked) == 10


def test_the_folder_of_another_task_is_left_as_it_is(few, tmp_path, asked):
    bh.record(few, tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())
    other = dataclasses.replace(few, recipe=bh.Recipe(epochs=2, batch=32))
    with pytest.raises(RunError, match="recipe"):
        bh.record(other, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_folder_in_which_only_a_rate_was_found_can_be_begun_anew(few, tmp_path, asked):
    task = dataclasses.replace(few, recipe=bh.Recipe(epochs=2, batch=32))
    settled(task, tmp_path / "run")
    restart(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_learners_that_know_no_rate_are_not_tried_for_one(few, tmp_path, monkeypatch):
    from sklearn.neighbors import KNeighborsClassifier

    @dataclasses.dataclass(frozen=True)
    class Nearest:
        def fit(self, task, rows, seed):
            x = task.train.inputs.reshape(len(task.train), -1)[rows]
            model = KNeighborsClassifier(3).fit(x, task.train.targets[rows])
            return lambda examples: _spread(model, examples, task.outputs)

    monkeypatch.setattr(learning_rate, "_trial", None)
    task = dataclasses.replace(few, recipe=bh.Recipe(epochs=2, batch=32))
    many = bh.record_subsets(task, 2, tmp_path / "many", learner=Nearest(), jobs=1)
    assert many.record.recipe["lr"] is None and many["logits"].shape == (2, 260, 10)
    effect = bh.utility(task, few.train.ids[:10], 2, tmp_path / "utility", learner=Nearest(), jobs=1)
    assert effect.rows_without.shape == (2, 60)


def _spread(model, examples, outputs: int) -> np.ndarray:
    found = np.zeros((len(examples), outputs), np.float32)
    found[:, model.classes_] = model.predict_proba(examples.inputs.reshape(len(examples), -1))
    return found
