"""TRAK against its equation written out over whole gradients in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from byheart.base.errors import UsageError
from byheart.base.seeds import spawn
from byheart.scores.gradients import one_by_one, projected
from byheart.scores.gradients.hessian import fit_head, with_one

from .test_norms import IMAGES, Odd, images, made

SERIES = torch.randn(9, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CASES = {name: (IMAGES[name], images()[0]) for name in ("mlp", "no bias", "wide", "convolution", "batch norm")} | {
    "odd": (Odd, SERIES)
}  # fmt: skip
Y = torch.arange(9) % 5
ODDITIES = {"scale", "out.weight"}


def logit(outputs, targets):
    """log(p / (1 - p)) the plain way."""
    p = outputs.softmax(1).gather(1, targets[:, None])[:, 0]
    return (p / (1 - p)).log()


def slow(network, x, k, seed):
    """Whole gradients times a whole matrix of signs."""
    names = tuple(n for n, p in network.named_parameters() if p.requires_grad)
    formed = one_by_one.gradients(network, names, x, Y, logit)
    like = torch.zeros(1, k, dtype=torch.float64)
    return sum(g.flatten(1) @ projected.signs(n, seed, 0, g[0].numel(), like) for n, g in formed.items()) / k**0.5


def written_out(networks, x, k, seed, damping):
    whole, p = np.zeros((9, 9)), np.zeros(9)
    for number, network in enumerate(networks):
        phi = slow(network, x, k, spawn(seed, "network", number)).numpy()
        whole = whole + phi @ np.linalg.inv(phi.T @ phi + damping * np.eye(k)) @ phi.T / len(networks)
        p = p + network(x).softmax(1)[torch.arange(9), Y].detach().numpy() / len(networks)
    return whole * (1 - p)[:, None]


@pytest.mark.parametrize("name", CASES)
def test_it_equals_the_equation_written_out(name):
    make, x = CASES[name]
    networks = [made(make).eval(), made(make).eval()]
    with torch.no_grad():
        for p in networks[1].parameters():
            p.mul_(1.1)
    fitted = projected.fit_projected(networks, x, Y, k=70, seed=3, damping=0.1, batch=4)
    found = fitted.influence(x, Y, batch=2)
    slow = ODDITIES if name == "odd" else set()
    assert [one.keys() for one in fitted.slow] == [slow, slow] and fitted.top(x, Y, top=2).slow.keys() == slow
    np.testing.assert_allclose(found.numpy(), written_out(networks, x, 70, 3, 0.1), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("cells", [1, 1000, 10**8])
def test_pieces_and_batches_change_nothing(cells, monkeypatch):
    network, x = made(IMAGES["mlp"]).eval(), images()[0]
    whole = projected.projections(network, x, Y, 24, 0, batch=256, slow={})
    monkeypatch.setattr(projected, "CELLS", cells)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    again = projected.projections(network, x[order], Y[order], 24, 0, batch=2, slow={})
    torch.testing.assert_close(again, whole[order], rtol=1e-10, atol=1e-12)


def test_signs_are_fair_and_the_same_from_anywhere():
    like = torch.zeros(1, 100)
    whole = projected.signs("weight", 5, 0, 4000, like)
    torch.testing.assert_close(projected.signs("weight", 5, 1234, 1300, like), whole[1234:1300], rtol=0, atol=0)
    assert set(whole.unique().tolist()) == {-1.0, 1.0}
    assert abs(float(whole.mean())) < 4 / math.sqrt(whole.numel())
    correlation = (whole.mT @ whole / len(whole)).fill_diagonal_(0).abs().max()
    assert correlation < 6 / math.sqrt(len(whole))  # the largest of 4,950
    assert (projected.signs("bias", 5, 0, 4000, like) == whole).float().mean() < 0.51


def test_many_dimensions_keep_dot_products():
    network, x = made(IMAGES["mlp"]).eval(), images()[0]
    phi = projected.projections(network, x, Y, 20_000, 0, batch=9, slow={})
    names = tuple(n for n, _ in network.named_parameters())
    formed = one_by_one.gradients(network, names, x, Y, logit)
    g = torch.cat([formed[n].flatten(1) for n in names], 1)
    error = (phi @ phi.mT - g @ g.mT) / torch.outer(g.norm(dim=1), g.norm(dim=1))
    assert error.abs().max() < 5 / math.sqrt(20_000)


@pytest.mark.parametrize("block", [1, 30, 10**9])
def test_the_top_is_that_of_the_whole_matrix(block, monkeypatch):
    network, x = made(IMAGES["mlp"]).eval(), images()[0]
    fitted = projected.fit_projected([network], x[:7], Y[:7], k=32)
    values, rows = fitted.influence(x[5:], Y[5:]).mT.sort(1)
    monkeypatch.setattr(projected, "BLOCK", block)
    found = fitted.top(x[5:], Y[5:], top=3)
    assert found.helpful.tolist() == rows.flip(1)[:, :3].tolist()
    assert found.harmful.tolist() == rows[:, :3].tolist()
    torch.testing.assert_close(found.harmful_values, values[:, :3], rtol=1e-9, atol=1e-12)


def test_it_predicts_what_leaving_out_does_to_a_logistic_regression(digits):
    """Two classes and all dimensions: there TRAK is one Newton step, and its ranking that of real leaving-out."""
    rows = np.flatnonzero(digits.train.targets < 2)[:150]
    x = torch.from_numpy(digits.train.inputs[rows].reshape(150, -1).astype(np.float64) / 16)
    y = torch.from_numpy(digits.train.targets[rows].copy())
    y[::10] = 1 - y[::10]  # without wrong labels every loss is near 0
    train, test, decay = slice(0, 120), slice(120, 150), 1e-2
    head = fit_head(x[train], y[train], 2, decay)
    network = torch.nn.Linear(65, 2, bias=False).double()
    network.weight.data = head.weight.clone()

    def margins(weight):
        return projected.margin(with_one(x) @ weight.mT, y)[test]

    left = []
    for i in range(60):
        kept = torch.arange(120) != i
        again = fit_head(x[train][kept], y[train][kept], 2, decay * 120 / 119)
        left.append(margins(head.weight) - margins(again.weight))
    fitted = projected.fit_projected([network], with_one(x[train]), y[train], k=2000, damping=10.0)
    found = fitted.influence(with_one(x[test]), y[test])[:60]
    pairs = zip(torch.stack(left).mT.numpy(), found.mT.numpy(), strict=True)
    ranks = [float(np.asarray(spearmanr(a, b))[0]) for a, b in pairs]
    assert np.mean(ranks) > 0.9


def test_what_makes_no_projection_is_refused():
    network, x = made(IMAGES["mlp"]).eval(), images()[0]
    with pytest.raises(UsageError, match="classes"):
        projected.fit_projected([network], x, torch.rand(9))
    with pytest.raises(UsageError, match="0 networks"):
        projected.fit_projected([], x, Y)
    with pytest.raises(UsageError, match="inverse"):
        projected.fit_projected([network], x, Y, k=64, damping=0.0)
    with pytest.raises(UsageError, match="training examples"):
        projected.fit_projected([network], x, Y, k=8).top(x, Y, top=10)
