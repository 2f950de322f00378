import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import DataError, UsageError
from byheart.methods.early_stopping import EarlyStopping
from byheart.models.mlp import mlp
from byheart.runs.loop import begin, held_out


@dataclasses.dataclass(frozen=True)
class Watch:
    """Every epoch's validation measures and weights."""

    seen: list

    def epoch_end(self, state):
        weights = {n: t.clone() for n, t in state.network.state_dict().items()}
        self.seen.append((held_out(state), weights))


def with_norm(few):
    return dataclasses.replace(few, network=lambda shape, outputs: mlp(shape, outputs, norm="batch"))


@pytest.mark.parametrize(("measure", "key", "sign"), [
    ("loss", "validation_loss", 1), ("accuracy", "validation_correct", -1),
])  # fmt: skip
def test_the_best_epochs_weights_and_statistics_come_back(measure, key, sign, few, fitted):
    watch = Watch([])
    state = fitted(watch, EarlyStopping(100, measure), task=with_norm(few), epochs=12)
    best = int(np.argmin([sign * found[key] for found, _ in watch.seen]))
    assert best < 11, "the best epoch must not be the last, or nothing is tested"
    assert len(watch.seen) == 12 and state.kept["early_stopping_epoch"] == best + 1
    expected = watch.seen[best][1]
    assert any("running_mean" in name for name in expected)
    for name, tensor in state.network.state_dict().items():
        assert torch.equal(tensor, expected[name]), name
    assert held_out(state)[key] == watch.seen[best][0][key]


@pytest.mark.parametrize("patience", [1, 3])
def test_it_stops_after_so_many_epochs_without_gain(patience, few):
    state = begin(few, np.arange(200), 0)
    event, losses = EarlyStopping(patience), [3.0, 2.0, 2.5, 2.0, 1.9, 2.1, 2.2, 2.3, 1.0]
    stopped = 0
    for epoch, loss in enumerate(losses, 1):
        state.epoch, state.held_out = epoch, {"validation_loss": loss}
        event.epoch_end(state)
        if state.stop:
            stopped = epoch
            break
    assert stopped == {1: 3, 3: 8}[patience]
    assert state.own["early_stopping"]["epoch"] == {1: 2, 3: 5}[patience]


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(EarlyStopping(None))) == plain


def test_training_ends_where_it_stops(fitted):
    watch = Watch([])
    state = fitted(EarlyStopping(1), watch, epochs=40, lr=0.3, schedule="constant")
    assert state.epoch == len(watch.seen) < 40 and state.epoch == state.kept["early_stopping_epoch"] + 1


def test_it_does_not_change_what_happens_until_then(fitted):
    first, second = Watch([]), Watch([])
    fitted(first, epochs=8), fitted(EarlyStopping(2), second, epochs=8)
    for (_, a), (_, b) in zip(first.seen, second.seen, strict=False):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_what_cannot_be_is_refused(fitted):
    for patience in (0, -1):
        with pytest.raises(UsageError, match="patience"):
            EarlyStopping(patience)
    with pytest.raises(UsageError, match="measure"):
        EarlyStopping(measure="f1")
    from byheart.data.examples import Examples
    from byheart.data.recipe import Recipe
    from byheart.data.task import Task

    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    task = Task(Examples(x, x[:, 0]), Examples(x, x[:, 0]), recipe=Recipe(epochs=2, lr=0.01))
    with pytest.raises(DataError, match="regression"):
        fitted(EarlyStopping(2, "accuracy"), task=task)
    assert fitted(EarlyStopping(2), task=task).epoch == 2


def test_the_saved_weights_are_no_views(few):
    state = begin(few, np.arange(200), 0)
    state.epoch, state.held_out = 1, {"validation_loss": 1.0}
    EarlyStopping().epoch_end(state)
    name, saved = next(iter(state.own["early_stopping"]["weights"].items()))
    before = saved.clone()
    nn.init.ones_(dict(state.network.named_parameters())[name])
    assert torch.equal(saved, before)
