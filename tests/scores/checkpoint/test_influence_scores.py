"""The scores of gradients, against gradients formed one example at a time and against leaving examples out."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn
from torch.nn import functional as F

import byheart as bh
from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.gradient_norm import gradient_norm
from byheart.scores.checkpoint.head_influence import DECAY, head_influence, last_features
from byheart.scores.checkpoint.self_influence import self_influence
from byheart.scores.checkpoint.tracin import tracin
from byheart.scores.gradients.ekfac import fit_self_influence
from byheart.scores.gradients.hessian import fit_head
from byheart.scores.table import Scores

NAMES = ["gradient_norm", "self_influence", "tracin", "head_influence"]


def entropy(outputs, targets):
    return F.cross_entropy(outputs, targets, reduction="none")


def small(seed: int = 0):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double()
    return network, torch.randn(40, 5, dtype=torch.float64), torch.arange(40) % 3


def gradients(network, x, y):
    """The slow way (n, parameters)."""
    rows = []
    for a, b in zip(x, y, strict=True):
        found = torch.autograd.grad(entropy(network(a[None]), b[None])[0], list(network.parameters()))
        rows.append(torch.cat([g.flatten() for g in found]))
    return torch.stack(rows)


def test_the_norm_is_that_of_the_whole_gradient():
    network, x, y = small()
    found = gradient_norm(network, x, y, entropy)
    assert found.value == pytest.approx(gradients(network, x, y).norm(dim=1).numpy(), 1e-9) and found.notes == ()


def test_tracin_adds_up_checkpoints_by_their_learning_rate():
    (one, x, y), (other, _, _) = small(), small(1)
    expected = 0.1 * gradients(one, x, y).square().sum(1) + 0.02 * gradients(other, x, y).square().sum(1)
    assert tracin([(0.1, one), (0.02, other)], other, x, y, entropy).value == pytest.approx(expected.numpy(), 1e-9)


def test_tracin_is_the_fall_of_the_loss_in_a_step_of_its_own():
    network, x, y = small()
    rate, found = 1e-5, tracin([(1e-5, network)], network, x, y, entropy).value
    for k in range(5):
        stepped = small()[0]
        loss = entropy(stepped(x[k][None]), y[k][None])[0]
        loss.backward()
        with torch.no_grad():
            for p in stepped.parameters():
                p -= rate * p.grad
            fall = float(loss) - float(entropy(stepped(x[k][None]), y[k][None])[0])
        assert fall == pytest.approx(found[k], rel=1e-3)


def test_self_influence_of_a_linear_network_is_that_of_the_damped_fisher_matrix():
    torch.manual_seed(0)
    network, x, y = nn.Linear(1, 2, bias=False).double(), torch.randn(60, 1, dtype=torch.float64), torch.arange(60) % 2
    g = gradients(network, x, y)  # with one input, EK-FAC's basis is that of the Fisher matrix itself
    fisher = g.mT @ g / len(g)
    values, vectors = torch.linalg.eigh(fisher)
    expected = ((g @ vectors).square() / (values + 0.1 * values.mean())).sum(1) / len(g)
    assert self_influence(network, x, y, entropy).value == pytest.approx(expected.numpy(), rel=1e-6)


def test_the_last_layer_is_fitted_on_the_features_that_reach_it():
    network, x, y = small()
    features, classes = last_features(network, x, batch=7)
    assert classes == 3 and torch.allclose(features, network[:2](x))
    expected = fit_head(network[:2](x).detach(), y, 3, DECAY).self_influence()
    assert head_influence(network, x, y) == pytest.approx(expected.numpy())
    assert not network[2]._forward_hooks


def test_head_influence_ranks_as_leaving_out_does():
    torch.manual_seed(0)
    x, y = torch.randn(200, 4, dtype=torch.float64), torch.randint(0, 3, (200,))
    network = nn.Linear(4, 3).double()
    found, whole, rises = head_influence(network, x, y), fit_head(x, y, 3, DECAY), []
    for k in range(len(x)):
        rest = torch.arange(len(x)) != k
        row = torch.cat([x[k], torch.ones(1, dtype=torch.float64)])
        left, all_of = (
            entropy((h.weight @ row)[None], y[k][None]) for h in (fit_head(x[rest], y[rest], 3, DECAY), whole)
        )
        rises.append(float(left - all_of))
    assert spearmanr(found, rises).statistic > 0.99


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (nn.Sequential(nn.Flatten(), nn.Conv1d(1, 3, 5)), "no linear layer"),
        (nn.Sequential(nn.Unflatten(1, (5, 1)), nn.Linear(1, 3), nn.Flatten()), "one vector an example"),
        (nn.Linear(5, 2000), "parameters"),
    ],
)
def test_other_ends_are_refused_with_the_reason(network, why):
    inputs = torch.randn(6, 1, 5) if why == "no linear layer" else torch.randn(6, 5)
    if why == "no linear layer":
        network = nn.Conv1d(1, 3, 5)
    with pytest.raises(NotApplicable, match=why):
        head_influence(network, inputs, torch.arange(6) % 2)


def test_regression_has_no_head_and_has_the_rest(tmp_path):
    task = bh.load("diabetes")
    recipe = dataclasses.replace(task.recipe, epochs=2, lr=0.01, methods=("checkpoints=1",))
    task = dataclasses.replace(task, train=task.train.take(np.arange(60)), recipe=recipe)
    found = bh.score(bh.record(task, tmp_path), None, NAMES, task=task)
    assert set(found.columns) == set(NAMES[:3]) and "numbers" in found.skipped["head_influence"]
    assert all(np.isfinite(c).all() and (c >= 0).all() for c in found.columns.values())


def test_without_checkpoints_the_command_is_named(few, tmp_path):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1))
    found = bh.score(bh.record(task, tmp_path), None, "tracin", task=task)
    assert "--method checkpoints=10" in found.skipped["tracin"]


class Scale(nn.Module):
    """A layer that no kernel knows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.scale


def test_what_was_read_one_by_one_and_the_damping_are_told(few, tmp_path):
    def network():
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), Scale(8), nn.Linear(8, 10))

    recipe = dataclasses.replace(few.recipe, epochs=2, methods=("checkpoints=1",))
    task = dataclasses.replace(few, network=network, recipe=recipe)
    found = bh.score(bh.record(task, tmp_path / "run"), None, NAMES, task=task)
    slow = "one example at a time, since no kernel reads its layer: 2.scale"
    assert found.notes["gradient_norm"] == found.notes["tracin"] == slow
    x, y = task.tensors(task.train, np.arange(len(task.train)))
    _, fitted = fit_self_influence(found.run.network(task), x, y, task.loss)
    assert set(fitted.damping) == {"1", "2.scale", "3"}
    for name, value in fitted.damping.items():
        assert f"{value:.2g} ({name})" in found.notes["self_influence"]
    assert found.notes["self_influence"].endswith(slow) and "head_influence" not in found.notes
    found.save(tmp_path / "scores")
    assert Scores.load(tmp_path / "scores").notes == found.notes
