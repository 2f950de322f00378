import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import byheart
from byheart.base.errors import DataError, UsageError
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.lntl import LNTL, Reversed, negative_entropy
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.single import record


def test_the_gradient_is_reversed_and_scaled():
    values = torch.randn(5, requires_grad=True)
    out = Reversed.apply(values, 0.3)
    assert torch.equal(out, values)
    (found,) = torch.autograd.grad((out * torch.arange(5.0)).sum(), values)
    assert torch.allclose(found, -0.3 * torch.arange(5.0))


def test_negative_entropy_against_a_loop():
    z = torch.randn(4, 3, dtype=torch.float64)
    q = z.softmax(1).numpy()
    assert negative_entropy(z).item() == pytest.approx(np.mean([sum(a * np.log(a) for a in row) for row in q]))
    assert negative_entropy(torch.zeros(2, 7)).item() == pytest.approx(-np.log(7))


@dataclasses.dataclass(frozen=True)
class Slow:
    """Beside LNTL: its penalty and all gradients by the formula, with autograd and no trick."""

    event: LNTL
    errors: list

    def gradients(self, state):
        own, batch, net = state.own["lntl"], state.batch, state.network
        labels = own["labels"][torch.from_numpy(batch.rows)]
        sizes = [int(column.max()) + 1 for column in own["labels"].T]
        features = net[:-1](batch.inputs)
        logits = net[-1](features)
        guesses = own["head"](features).split(sizes, 1)
        told = sum(F.cross_entropy(g, labels[:, k]) for k, g in enumerate(guesses)) / len(sizes)
        hidden = sum((g.softmax(1) * g.log_softmax(1)).sum(1).mean() for g in guesses) / len(sizes)
        task = F.cross_entropy(logits, batch.targets)
        e = self.event
        for_network = task + e.strength * (e.entropy * hidden - e.reversal * told)
        wanted = torch.autograd.grad(for_network, list(net.parameters()), retain_graph=True)
        for p, w in zip(net.parameters(), wanted, strict=True):
            self.errors.append(float((p.grad - w).abs().max() / (w.abs().max() + 1e-9)))
        for p, w in zip(
            own["head"].parameters(), torch.autograd.grad(told, list(own["head"].parameters())), strict=True
        ):
            self.errors.append(float((p.grad - w).abs().max() / (w.abs().max() + 1e-9)))


def coloured(n: int = 400, aligned: float = 0.8) -> Task:
    """Two classes, told by a noisy row of numbers and, mostly, by one of two colours."""
    random = np.random.default_rng(0)
    y = random.integers(0, 2, n)
    cue = np.where(random.random(n) < aligned, y, 1 - y)
    x = 0.2 * random.random((n, 2, 3, 3))
    x[:, :, 0, 0] += np.eye(2)[cue] * 0.8
    x[:, :, 2, :] += 0.3 * y[:, None, None]
    return Task(
        (x, y), (x[:40], y[:40]), network=small, recipe=Recipe(epochs=20, batch=40, lr=0.1, clip=0), truth={"cue": cue}
    )


def small(input_shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(input_shape)), 16), nn.ReLU(), nn.Linear(16, outputs))


@pytest.mark.parametrize("bias", ["colour", "array"])
def test_every_gradient_is_the_formulas(bias):
    task = coloured()
    event = LNTL(0.7, bias if bias == "colour" else task.truth["cue"], entropy=0.5, reversal=0.3)
    slow = Slow(event, [])
    short = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=2))
    with one_thread():
        fit(begin(short, np.arange(390), 0), [event, slow])
    assert len(slow.errors) == 2 * 10 * 8 and max(slow.errors) < 1e-3


def test_exceptions_to_a_colour_gain(digits):
    """Digits whose colour is that of their class for 95%, and any at all in test. On six draws it gained .05 to .19."""
    task = byheart.plant(digits, "shortcut-colour=0.95", seed=3)
    task = dataclasses.replace(task, recipe=Recipe(epochs=20, batch=64, lr=0.05))
    right = {}
    for name, events in {"plain": (), "lntl": (LNTL(),)}.items():
        with one_thread():
            state = fit(begin(task, np.arange(len(task.train)), 3), events)
            right[name] = outputs(task, state.network, task.test).argmax(1) == task.test.targets
    rare = task.test.groups == "conflicting"
    assert right["lntl"][rare].mean() > right["plain"][rare].mean() + 0.03
    assert right["lntl"][~rare].mean() > 0.95


def test_strength_0_changes_no_byte(few, tmp_path):
    for name, events in {"plain": (), "none": (LNTL(0.0),), "full": (LNTL(bias=few.train.targets % 3),)}.items():
        record(few, tmp_path / name, events=events)
    plain, none, full = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none", "full"))
    assert plain == none != full


def test_it_works_beside_an_event_that_looks_twice(few):
    @dataclasses.dataclass(frozen=True)
    class Twice:
        def gradients(self, state):
            state.closure()

    with one_thread():
        one, two = (
            fit(begin(few, np.arange(200), 0), [LNTL(bias=few.train.targets % 3), *more]) for more in ([], [Twice()])
        )
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_errors(few):
    for wrong in ({"strength": -1}, {"bins": 1}, {"bias": "size"}):
        with pytest.raises(UsageError):
            LNTL(**wrong)
    flat = Task((np.zeros((9, 2)), np.arange(9) % 2), (np.zeros((9, 2)), np.arange(9) % 2), recipe=Recipe(lr=0.1))
    with pytest.raises(DataError, match="no colour"):
        fit(begin(flat, np.arange(9), 0), [LNTL()])
