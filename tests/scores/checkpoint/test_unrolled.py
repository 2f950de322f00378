from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.seeds import spawn
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.runs.loop import begin, fit
from byheart.scores.checkpoint.unrolled import unrolled_class_sensitivity, unrolled_sensitivity

RECIPE = Recipe(epochs=3, batch=4, lr=0.2, momentum=0.8, weight_decay=0.01, clip=0)


def small(network=None, recipe: Recipe = RECIPE, regression: bool = False, scaling: str = "standard") -> Task:
    """Ten examples of three classes with four unlike features, and a smooth network."""
    random = np.random.default_rng(0)
    x = (random.normal(size=(20, 4)) * [1, 10, 0.1, 3]).astype(np.float32)
    y = random.normal(size=20).astype(np.float32) if regression else np.arange(20) % 3
    tanh = lambda shape, outputs: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, outputs))  # noqa: E731
    train, test = Examples(x[:10], y[:10]), Examples(x[10:], y[10:])
    return Task(train, test, network or tanh, recipe, name="small", scaling=scaling)


def retrained(task: Task, inputs: torch.Tensor, steps: int) -> list[torch.Tensor]:
    """The losses (n,) of all examples after each of some steps, trained with torch's own optimizer in double."""
    recipe = task.recipe
    network = begin(task, np.arange(10), 0).network.double()
    _, targets = task.tensors(task.train, np.arange(10))
    targets = targets.double() if targets.is_floating_point() else targets
    optimizer = torch.optim.SGD(network.parameters(), 0.1, recipe.momentum, weight_decay=recipe.weight_decay)
    found, epoch = [], 0
    while True:
        optimizer.param_groups[0]["lr"] = (recipe.lr or 0) * recipe.rate(epoch)
        order = torch.Generator().manual_seed(spawn(0, "batches", epoch))
        for batch in task.batches(np.arange(10), epoch, order):
            optimizer.zero_grad()
            task.loss(network(inputs[batch.rows]), targets[batch.rows]).mean().backward()
            optimizer.step()
            with torch.no_grad():
                found.append(task.loss(network(inputs), targets))
            if len(found) == steps:
                return found
        epoch += 1


def differences(task: Task, steps: int, step: float = 1e-5) -> torch.Tensor:
    """What each loss (steps, of example, with the input of, value) does when training is done again with another
    input, which is moved in deviations.
    """
    deviation = 1.0 if task.scaling == "standard" else torch.from_numpy(task.train.inputs.astype(float).std(0))
    inputs = task.tensors(task.train, np.arange(10))[0].double()
    found = torch.zeros(steps, 10, 10, 4, dtype=torch.float64)
    for i in range(10):
        for d in range(4):
            moved = torch.zeros_like(inputs)
            moved[i, d] = step
            moved *= deviation
            up, down = retrained(task, inputs + moved, steps), retrained(task, inputs - moved, steps)
            found[:, :, i, d] = (torch.stack(up) - torch.stack(down)) / (2 * step)
    return found


@pytest.mark.parametrize(("regression", "scaling"), [(False, "standard"), (True, "standard"), (False, "none")])
def test_it_is_what_training_again_with_another_input_gives(regression, scaling):
    task = small(regression=regression, scaling=scaling)
    found = unrolled_sensitivity(task, 7)  # into the third epoch, at another learning rate
    np.testing.assert_allclose(found.sensitivity, differences(task, 7).mean(1).abs().sum(2), rtol=1e-5, atol=1e-9)
    inputs = task.tensors(task.train, np.arange(10))[0].double()
    np.testing.assert_allclose(found.losses, [loss.mean() for loss in retrained(task, inputs, 7)], rtol=1e-12)


def test_the_steps_change_what_an_input_does():
    task = small()
    inputs = task.tensors(task.train, np.arange(10))[0].double().requires_grad_(True)
    network = begin(task, np.arange(10), 0).network.double()
    _, targets = task.tensors(task.train, np.arange(10))
    task.loss(network(inputs), targets).mean().backward()
    assert inputs.grad is not None
    frozen = inputs.grad.abs().sum(1).numpy()
    after = unrolled_sensitivity(task, 6).sensitivity
    assert not np.allclose(after[-1], frozen, rtol=0.2)


def test_class_by_class_it_is_what_training_again_gives():
    task, slow = small(), np.zeros((3, 3))
    labels, found = task.train.targets, differences(task, 4)
    for i in range(3):
        for j in range(3):
            term = found[:, labels == i].sum(1) / 10  # class i's part of the mean loss
            slow[i, j] = float(term[:, labels == j].abs().mean())
    np.testing.assert_allclose(unrolled_class_sensitivity(task, 4), slow, rtol=1e-5)


def test_the_steps_are_those_of_the_training_loop():
    task = small(recipe=dataclasses.replace(RECIPE, epochs=2))
    state = fit(begin(task, np.arange(10), 5))
    inputs, targets = task.tensors(task.train, np.arange(10))
    with torch.no_grad():
        loss = float(task.loss(state.network.eval()(inputs), targets).mean())
    assert unrolled_sensitivity(task, 6, seed=5).losses[-1] == pytest.approx(loss, rel=1e-4)


def test_it_begins_from_weights_that_are_given():
    task = small()
    weights = {name: value.numpy() for name, value in begin(task, np.arange(10), 9).network.state_dict().items()}
    here, there = unrolled_sensitivity(task, 2), unrolled_sensitivity(task, 2, start=weights)
    assert not np.allclose(here.losses, there.losses)


def test_what_cannot_be_unrolled_says_why():
    task = small()
    normal = lambda: nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))  # noqa: E731
    with pytest.raises(UsageError, match="at least 1"):
        unrolled_sensitivity(task, 0)
    with pytest.raises(UsageError, match="Only SGD"):
        unrolled_sensitivity(small(recipe=Recipe(optimizer="adamw", lr=0.1)), 2)
    with pytest.raises(UsageError, match="no learning rate"):
        unrolled_sensitivity(small(recipe=Recipe()), 2)
    with pytest.raises(UsageError, match="running statistics"):
        unrolled_sensitivity(small(normal), 2)
    with pytest.raises(NotApplicable, match="not classes"):
        unrolled_class_sensitivity(small(regression=True), 2)


def test_words_have_no_sensitivity():
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.head = nn.Embedding(4, 3), nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.table(x.long() % 4).mean(1))

    with pytest.raises(NotApplicable, match="looked up"):
        unrolled_sensitivity(small(Words), 2)
