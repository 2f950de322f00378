"""Stacked networks against the same networks one by one."""

from __future__ import annotations

import dataclasses
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import byheart as bh
from byheart.base.errors import TrainingFailed, UsageError
from byheart.data.recipe import Recipe
from byheart.models.mlp import mlp
from byheart.runs.loop import begin, fit
from byheart.runs.stack import Optimizer, Stack, clipped, cuts, fit_stack, losses_of

RECIPES = [
    Recipe(epochs=1, batch=32, lr=0.1),
    Recipe(epochs=3, batch=32, lr=0.05, schedule="cosine", weight_decay=0.01, clip=0.5),
    Recipe(epochs=2, batch=32, lr=0.05, schedule="step", momentum=0.0, clip=0.0),
    Recipe(epochs=2, batch=32, lr=0.003, optimizer="adamw", weight_decay=0.1),
]
ROWS = [
    np.arange(140),
    np.arange(50, 190),
    np.arange(60, 189),
    np.arange(33),
    np.arange(3, 100),
]  # 5, 5, 4, 1, 4 batches


def one_by_one(task, rows, seeds):
    return [fit(begin(task, r, s)).network for r, s in zip(rows, seeds, strict=True)]


def furthest(networks, others):
    pairs = [zip(a.parameters(), b.parameters(), strict=True) for a, b in zip(networks, others, strict=True)]
    return max(float((a - b).detach().abs().max()) for pair in pairs for a, b in pair)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.optimizer}-{r.schedule}")
def test_a_stack_is_its_networks_one_by_one_to_rounding(few, recipe):
    task = dataclasses.replace(few, recipe=recipe, network=partial(mlp, hidden=(32,)))
    seeds = [5, 6, 7, 8, 9]
    alone = one_by_one(task, ROWS, seeds)
    assert furthest(fit_stack(task, ROWS, seeds), alone) < 2e-5
    assert furthest(fit_stack(task, ROWS[::-1], seeds[::-1])[::-1], alone) < 2e-5, "whatever their order"
    starts = [begin(task, r, s).network for r, s in zip(ROWS, seeds, strict=True)]
    assert furthest(starts, alone) > 0.01, "they learned something"


def test_regression_and_other_activations_too():
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 5)).astype(np.float32)
    y = (x @ random.normal(size=5) + 3).astype(np.float32)
    network = lambda shape, outputs: nn.Sequential(  # noqa: E731
        nn.Linear(5, 8, bias=False), nn.Sequential(nn.Tanh(), nn.Linear(8, 8), nn.GELU()), nn.Linear(8, outputs)
    )
    task = bh.Task((x[:80], y[:80]), (x[80:], y[80:]), network=network, recipe=Recipe(epochs=2, batch=16, lr=0.05))
    rows, seeds = [np.arange(60), np.arange(20, 80)], [1, 2]
    assert furthest(fit_stack(task, rows, seeds), one_by_one(task, rows, seeds)) < 1e-5


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.optimizer}-{r.schedule}")
def test_in_float64_a_step_is_torchs_own(few, recipe):
    """An epoch written out with torch's optimizers and clipping, in double precision, the last batch shorter."""
    torch.manual_seed(0)
    networks = [mlp((1, 8, 8), 10, hidden=(12,)).double() for _ in range(3)]
    stack = Stack.of(networks)
    optimizer = Optimizer(recipe, stack.weights)
    x, y = torch.randn(3, 50, 1, 8, 8, dtype=torch.float64), torch.randint(10, (3, 50))
    for lr, first, sizes in ((0.1, 0, (20, 20, 20)), (0.1, 20, (20, 20, 20)), (0.03, 40, (10, 10, 7))):
        weights = [w.detach().requires_grad_() for w in stack.weights]
        batch = slice(first, first + max(sizes))
        losses = losses_of(few, stack, weights, x[:, batch], y[:, batch], torch.tensor(sizes))
        gradients = torch.autograd.grad(losses.sum(), weights)
        optimizer.step(clipped(gradients, recipe.clip) if recipe.clip else gradients, lr)
    for k, network in enumerate(networks):
        own = (
            torch.optim.AdamW(network.parameters(), 1.0, weight_decay=recipe.weight_decay)
            if recipe.optimizer == "adamw"
            else torch.optim.SGD(network.parameters(), 1.0, recipe.momentum, weight_decay=recipe.weight_decay)
        )
        for lr, rows in ((0.1, slice(0, 20)), (0.1, slice(20, 40)), (0.03, slice(40, 50 if k < 2 else 47))):
            own.param_groups[0]["lr"] = lr
            own.zero_grad()
            few.loss(network(x[k, rows]), y[k, rows]).mean().backward()
            if recipe.clip:
                nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
            own.step()
        copy = mlp((1, 8, 8), 10, hidden=(12,)).double()
        stack.into(copy, k)
        assert furthest([copy], [network]) < 1e-13


def test_the_batches_are_those_of_the_loop(few):
    for n in (2, 31, 32, 33, 34, 64, 65, 97, 200):
        sizes = [len(b.rows) for b in few.batches(np.arange(n), 0, torch.Generator().manual_seed(0))]
        assert [b - a for a, b in pairwise(cuts(n, few.recipe.batch))] == sizes


def twice(shape, outputs):
    layer = nn.Linear(64, 64)
    return nn.Sequential(nn.Flatten(), layer, nn.ReLU(), layer, nn.Linear(64, outputs))


def hooked(shape, outputs):
    network = mlp(shape, outputs)
    network[1].register_forward_hook(lambda m, a, o: 2 * o)
    return network


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ("cnn", "Conv2d"), (partial(mlp, dropout=0.5), "Dropout"), (partial(mlp, norm="batch"), "BatchNorm1d"),
        (twice, "used twice"), (hooked, "a hook"),
    ],
)  # fmt: skip
def test_networks_that_cannot_be_stacked_are_named(few, network, says):
    with pytest.raises(UsageError, match=says):
        fit_stack(dataclasses.replace(few, network=network), ROWS, range(5))


def test_methods_and_augmentation_are_refused(few):
    with pytest.raises(UsageError, match="Methods"):
        fit_stack(dataclasses.replace(few, recipe=Recipe(lr=0.1, methods=("label_smoothing=0.1",))), ROWS, range(5))
    with pytest.raises(UsageError, match="augmentation"):
        fit_stack(dataclasses.replace(few, augment=("flip",)), ROWS, range(5))


def test_a_loss_that_is_no_number_ends_it(few):
    wild = dataclasses.replace(few, recipe=Recipe(epochs=9, batch=32, lr=1e9, clip=0.0))
    with pytest.raises(TrainingFailed, match="epoch"):
        fit_stack(wild, ROWS[:2], [0, 1])
