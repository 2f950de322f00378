import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.data.task import Task
from byheart.methods.stop_at_loss import StopAt, in_own_units
from byheart.runs.loop import begin


@dataclasses.dataclass(frozen=True)
class Losses:
    """Every epoch's losses, example by example, as they were presented."""

    epochs: list

    def epoch_start(self, state):
        self.epochs.append([])

    def step(self, state):
        self.epochs[-1] += state.losses.detach().tolist()


def test_it_stops_after_the_first_epoch_below_the_loss(few, fitted):
    plain = Losses([])
    whole = fitted(plain, epochs=12)
    means = [float(np.mean(epoch)) for epoch in plain.epochs]
    bar = (means[3] + min(means[:3])) / 2
    assert means[3] < bar < min(means[:3]), "the loss must fall for this test to say anything"
    state = fitted(StopAt(bar), epochs=12)
    assert (state.epoch, state.stop, whole.epoch) == (4, True, 12)


def test_it_changes_nothing_but_the_end(fitted):
    never, plain = fitted(StopAt(0.0)), fitted()
    assert never.epoch == plain.epoch
    for a, b in zip(never.network.parameters(), plain.network.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("scaling", ["standard", "none"])
def test_regression_losses_are_in_units_of_the_target(scaling):
    """Targets of deviation about 30: on the scale of training their loss is about a thousandth."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3)).astype(np.float32)
    y = (30 * x[:, 0]).astype(np.float32)
    task = Task(Examples(x, y), Examples(x, y), classes=0, scaling=scaling)
    task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, lr=0.1))
    state = begin(task, np.arange(40), 0)
    _, deviation = task.target_scale
    _, targets = task.tensors(task.train, np.arange(40))
    off = torch.full((40,), 2.0) / deviation  # each answer is off by 2
    for bar, stops in ((4.1, True), (3.9, False)):
        event = StopAt(bar)
        state.stop = False
        event.epoch_start(state)
        for rows in (slice(0, 30), slice(30, 40)):  # batches of different sizes
            state.losses = task.loss((targets + off)[rows, None], targets[rows])
            event.step(state)
        event.epoch_end(state)
        assert state.stop == stops


def test_units():
    assert in_own_units(0.5, 3.0) == 4.5


def test_a_negative_loss_is_refused():
    with pytest.raises(UsageError, match="loss"):
        StopAt(-1.0)
