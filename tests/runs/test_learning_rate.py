from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from torch import nn

import byheart as bh
from byheart.base.errors import TrainingFailed, UsageError
from byheart.runs.learning_rate import LADDER, settled
from byheart.runs.loop import begin, fit, one_thread, outputs


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
