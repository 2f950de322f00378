from __future__ import annotations

import dataclasses
import importlib
import math
import warnings

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import nn

from byheart.base.errors import MissingExtra, UsageError
from byheart.base.seeds import spawn
from byheart.data.recipe import Recipe
from byheart.methods import dp_accounting
from byheart.methods.dp_accounting import noise_for, spent
from byheart.methods.dp_sgd import DPSGD, PerExample, steps_an_epoch
from byheart.runs.loop import begin, events_of, fit, one_thread

pytest.importorskip("opacus", reason="opacus is not installed: pip install 'byheart[privacy]'")


@pytest.mark.parametrize(("noise", "rate", "steps"), [(1.0, 0.032, 300), (2.0, 0.1, 1000), (0.7, 0.02, 50)])
def test_what_is_spent_is_what_opacus_says(noise, rate, steps):
    from opacus.accountants import PRVAccountant

    accountant = PRVAccountant()
    for _ in range(steps):
        accountant.step(noise_multiplier=noise, sample_rate=rate)
    assert spent(noise, rate, steps, 1e-5) == pytest.approx(accountant.get_epsilon(delta=1e-5), abs=1e-9)


@pytest.mark.parametrize("steps", [1, 20, 100])
@pytest.mark.parametrize("noise", [1.0, 5.0])
def test_without_sampling_it_is_the_gaussian_mechanism(noise, steps):
    """Steps on all examples compose to one Gaussian mechanism of mu = sqrt(steps) / noise (Dong, Roth and Su 2022)."""
    mu, delta, found = math.sqrt(steps) / noise, 1e-5, spent(noise, 1.0, steps, 1e-5)

    def exact(e: float) -> float:
        return float(norm.cdf(-e / mu + mu / 2) - np.exp(e + norm.logcdf(-e / mu - mu / 2)))

    assert exact(found) <= delta * (1 + 1e-6) and exact(found - 0.03) > delta


def test_two_thousand_examples_in_batches_of_a_hundred():
    """5 epochs with noise 1 spend 3.51 at 1e-5, and noise .696 spends 8 (opacus 1.6.0, run on its own)."""
    assert spent(1.0, 0.05, 100, 1e-5) == pytest.approx(3.51, abs=0.005)
    assert noise_for(8.0, 0.05, 100, 1e-5) == pytest.approx(0.696, abs=0.003)


def test_more_noise_and_fewer_steps_spend_less():
    assert spent(1.0, 0.05, 100, 1e-5) > spent(1.5, 0.05, 100, 1e-5) > spent(1.5, 0.05, 50, 1e-5) > 0
    assert spent(1.0, 0.05, 0, 1e-5) == 0 and spent(0.0, 0.05, 10, 1e-5) == math.inf


@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_the_noise_is_the_least_that_is_enough(epsilon):
    noise = noise_for(epsilon, 0.05, 200, 1e-5)
    assert spent(noise, 0.05, 200, 1e-5) <= epsilon < spent(noise * 0.99, 0.05, 200, 1e-5)


def test_where_one_accountant_has_no_answer_the_other_has(monkeypatch):
    from opacus import accountants

    def broken(self, delta, **_):
        raise ValueError

    monkeypatch.setattr(accountants.PRVAccountant, "get_epsilon", broken)
    spent.cache_clear()
    other = accountants.RDPAccountant()
    other.history = [(1.3, 0.04, 77)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert spent(1.3, 0.04, 77, 1e-5) == pytest.approx(other.get_epsilon(delta=1e-5))
    spent.cache_clear()


@pytest.mark.parametrize("what", [(-1, 0.1, 1, 1e-5), (1, 0, 1, 1e-5), (1, 1.1, 1, 1e-5), (1, 0.1, 1, 0.0)])
def test_what_cannot_be_spent_is_refused(what):
    with pytest.raises(UsageError, match="cannot be"):
        spent(*what)


@pytest.mark.parametrize("size", [1, 2, 7, 32, 200, 300])
@pytest.mark.parametrize("n", [2, 33, 64, 65, 199, 200])
def test_steps_are_counted_as_the_loop_makes_them(few, n, size):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, batch=size))
    assert steps_an_epoch(n, size) == len(list(task.batches(np.arange(n), 0, torch.Generator())))


def test_infinite_epsilon_is_plain_training(fitted, weights, plain):
    assert weights(fitted(DPSGD(math.inf))) == plain
    assert weights(fitted("dp_sgd=8")) != plain


def test_it_is_the_algorithm_written_out(few):
    """Abadi et al. 2016, algorithm 1, example by example, with the same draws."""
    recipe = Recipe(epochs=2, batch=32, lr=0.2, momentum=0.0, schedule="constant", methods=(DPSGD(4.0, bound=0.7),))
    task = dataclasses.replace(few, recipe=recipe)
    rows = np.arange(100)
    with one_thread():
        found = fit(begin(task, rows, 3), events_of(task))
        noise = float(found.kept["dp_noise"])
        network = begin(task, rows, 3).network
        for epoch in range(2):
            torch.manual_seed(spawn(3, "epoch", epoch))
            for _ in range(4):
                chosen = rows[torch.rand(100).numpy() < 0.32]
                total = [torch.zeros_like(p) for p in network.parameters()]
                inputs, targets = task.tensors(task.train, chosen)
                for x, y in zip(inputs, targets, strict=True):
                    loss = task.loss(network(x[None]), y[None]).sum()
                    own = torch.autograd.grad(loss, list(network.parameters()))
                    size = torch.cat([g.flatten() for g in own]).norm()
                    for t, g in zip(total, own, strict=True):
                        t += g * min(1.0, 0.7 / (float(size) + 1e-6))
                with torch.no_grad():
                    for p, t in zip(network.parameters(), total, strict=True):
                        p -= 0.2 * (t + torch.normal(0.0, noise * 0.7, t.shape)) / 32
    for name, tensor in found.network.state_dict().items():
        torch.testing.assert_close(tensor, network.state_dict()[name], atol=1e-5, rtol=1e-4)
    assert int(found.kept["dp_steps"]) == 8 and float(found.kept["dp_rate"]) == 0.32
    assert float(found.kept["dp_epsilon"]) == spent(noise, 0.32, 8, 1e-5) <= 4.0


def test_the_recipes_clipping_does_not_act(fitted, weights):
    assert weights(fitted("dp_sgd=8", clip=1e-3)) == weights(fitted("dp_sgd=8", clip=0.0))


def test_steps_that_draw_nobody_move_the_weights_by_noise_alone(fitted):
    state = fitted("dp_sgd=8", rows=np.arange(6), batch=1, epochs=5)
    assert all(np.isfinite(p.detach().numpy()).all() for p in state.network.parameters())
    assert int(state.kept["dp_steps"]) == 25 and state.own["dp_sgd"]["steps"] == 25


def test_no_bigger_step_than_the_bound_without_noise_allows(few):
    """One example alone in a step moves the weights by at most lr * bound / batch, however wrong its label."""
    task = dataclasses.replace(few, recipe=Recipe(epochs=1, batch=64, lr=1.0, momentum=0.0, methods=("dp_sgd=8",)))
    state = begin(task, np.arange(64), 0)
    event = events_of(task)[0]
    event.fit_start(state)
    vars(state.optimizer)["noise_multiplier"] = 0.0
    before = torch.cat([p.detach().flatten() for p in state.network.parameters()]).clone()
    batch = task.batch(np.array([0]), torch.Generator())
    (1000 * task.loss(state.network(batch.inputs), batch.targets).sum()).backward()
    state.optimizer.step()
    after = torch.cat([p.detach().flatten() for p in state.network.parameters()])
    for hook in state.hooks:
        hook.remove()
    assert float((after - before).norm()) == pytest.approx(1 / 64, rel=1e-3)


@pytest.mark.parametrize("beside", ["dropout=0.5", "hidden_noise=0.5", "label_smoothing=0.1", "input_noise=0.1"])
def test_beside_other_methods_each_example_keeps_its_own_gradient(few, beside):
    """The gradients of single examples add up to that of the batch, so that none is counted twice or lost."""
    seen: list[float] = []

    @dataclasses.dataclass(frozen=True)
    class Sums:
        def gradients(self, state) -> None:
            for p in state.network.parameters():
                assert p.grad is not None
                seen.append(float((p.grad_sample.sum(0) - p.grad).abs().max() / p.grad.abs().max().clamp(min=1e-3)))

    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1, methods=("dp_sgd=8", beside)))
    with one_thread():
        fit(begin(task, np.arange(200), 0), [*events_of(task), Sums()])
    assert seen and max(seen) < 1e-4


@pytest.mark.parametrize("beside", ["sam=0.05", "mixup=0.2", "l2=0.1", "class_balanced", "jtt(epochs=1)"])
def test_methods_that_are_not_accounted_are_refused_before_training(fitted, beside):
    with pytest.raises(UsageError, match="not go with"):
        fitted("dp_sgd=8", beside)


def test_methods_that_change_the_batch_come_after(fitted):
    with pytest.raises(UsageError, match="name dp_sgd first"):
        fitted("input_noise=0.1", "dp_sgd=8")


def test_an_event_that_weights_examples_is_refused(few):
    @dataclasses.dataclass(frozen=True)
    class Weighting:
        def losses(self, state) -> None:
            state.weights = torch.ones_like(state.losses)

    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, methods=("dp_sgd=8",)))
    with one_thread(), pytest.raises(UsageError, match="weights examples"):
        fit(begin(task, np.arange(200), 0), [*events_of(task), Weighting()])


class Recurrent(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.steps, self.head = nn.LSTM(8, 4, batch_first=True), nn.Linear(4, outputs)

    def forward(self, x):
        return self.head(self.steps(x.flatten(1).reshape(len(x), 8, -1))[0][:, -1])


def normalized(shape, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 8), nn.BatchNorm1d(8), nn.Linear(8, outputs))


def overwriting(shape, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 8), nn.ReLU(inplace=True), nn.Linear(8, outputs))


@pytest.mark.parametrize(
    ("network", "says"),
    [(normalized, "GroupNorm"), (lambda s, k: Recurrent(k), "DPLSTM"), (overwriting, "inplace=False")],
)
def test_networks_that_it_cannot_train_are_refused_before_training(fitted, few, network, says):
    with pytest.raises(UsageError, match=says):
        fitted("dp_sgd=8", task=dataclasses.replace(few, network=network))


def test_nothing_is_left_on_the_network_even_between_forward_and_backward(few):
    network = few.build()
    before = [set(vars(m)) for m in network.modules()], [set(vars(p)) for p in network.parameters()]
    shown = list(warnings.filters)
    hooks = PerExample(network)
    network(few.tensors(few.train, np.arange(4))[0])
    hooks.remove()
    after = [set(vars(m)) for m in network.modules()], [set(vars(p)) for p in network.parameters()]
    assert before == after and list(warnings.filters) == shown
    assert not any(m._forward_hooks or m._backward_hooks for m in network.modules())


def test_without_opacus_it_says_what_to_install(monkeypatch, fitted):
    def missing(name: str):
        raise ImportError(name)

    monkeypatch.setattr(dp_accounting.importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match=r"byheart\[privacy\]") as caught:
        fitted("dp_sgd=8")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("wrong", [{"epsilon": 0}, {"bound": 0}, {"delta": 0}])
def test_arguments_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match="out of range"):
        DPSGD(**wrong)


def test_opacus_is_not_imported_before_it_is_used():
    assert importlib.import_module("byheart.methods.dp_sgd") and not hasattr(dp_accounting, "opacus")
