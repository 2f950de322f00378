"""EK-FAC against dense Kronecker matrices in float64."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.scores.gradients import ekfac, one_by_one
from byheart.scores.gradients.matrices import is_matrix, matrix, parts
from byheart.scores.gradients.norms import gradient_norms
from byheart.scores.gradients.passes import gradients, seen

from .test_norms import IMAGES, Odd, Tokens, entropy, images, made, token_entropy

TRIED = ("mlp", "no bias", "convolution", "circular", "one dimension", "batch norm", "groups")


def dense(network, layer, module, x, y, loss, damping):
    """The slow way: eigenvectors of the whole covariances, the Kronecker basis written out, example by example."""
    names = tuple(f"{layer}.{n}" for n, _ in module.named_parameters(recurse=False))
    formed = one_by_one.gradients(network, names, x, y, loss)
    g = matrix(module, {n.rsplit(".", 1)[1]: v for n, v in formed.items()})
    ((a, d),) = (parts(module, *use) for use in seen(network, x, y, loss)[layer])
    _, qa = torch.linalg.eigh(a.flatten(0, 1).mT @ a.flatten(0, 1))
    _, qs = torch.linalg.eigh(d.flatten(0, 1).mT @ d.flatten(0, 1))
    basis = torch.kron(qs, qa)  # columns: eigenvectors of rows (out, in + 1) written one after the other
    rotated = g.flatten(1) @ basis
    eigenvalues = rotated.square().mean(0)
    damping = float(eigenvalues.mean()) / 10 if damping is None else damping
    whole = basis @ torch.diag(eigenvalues + damping) @ basis.mT
    return torch.einsum("ni,ij,nj->n", g.flatten(1), torch.linalg.inv(whole), g.flatten(1))


@pytest.mark.parametrize("name", TRIED)
@pytest.mark.parametrize("damping", [1e-3, None])
def test_it_equals_dense_kronecker_matrices(name, damping):
    network, (x, y) = made(IMAGES[name]).eval(), images()
    fitted = ekfac.fit(network, x, y, entropy, damping=damping, batch=4)
    found = ekfac.self_influence(network, x, y, entropy, fitted, batch=5)
    again, _ = ekfac.fit_self_influence(network, x, y, entropy, damping=damping, batch=4)
    torch.testing.assert_close(again, found, rtol=1e-9, atol=0)
    true = torch.zeros(len(x), dtype=torch.float64)
    for layer, module in network.named_modules():
        if layer in fitted.bases:
            true += dense(network, layer, module, x, y, entropy, damping)
    for parameter in fitted.eigenvalues.keys() - fitted.bases.keys():
        fisher = fitted.eigenvalues[parameter]
        g = one_by_one.gradients(network, (parameter,), x, y, entropy)[parameter]
        torch.testing.assert_close(fisher, g.square().mean(0), rtol=1e-9, atol=1e-15)
        true += (g.square() / (fisher + fitted.damping[parameter])).flatten(1).sum(1)
    torch.testing.assert_close(found, true, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", IMAGES)
def test_parts_make_the_gradient(name):
    network, (x, y) = made(IMAGES[name]).eval(), images()
    formed = gradients(network, x, y, entropy, {})
    for layer, uses in seen(network, x, y, entropy).items():
        module = network.get_submodule(layer)
        if is_matrix(module):
            ((a, d),) = (parts(module, *use) for use in uses)
            own = {n: formed[f"{layer}.{n}"] for n, _ in module.named_parameters(recurse=False)}
            torch.testing.assert_close(d.mT @ a, matrix(module, own), rtol=1e-9, atol=1e-13)


def test_every_parameter_is_counted_once():
    """With a constant spectrum (a huge damping) self-influence is the squared gradient norm over that damping."""
    for network, x, loss in (
        (made(lambda: Tokens(True)).eval(), torch.randint(0, 13, (9, 6)), token_entropy),
        (made(Odd).eval(), torch.randn(9, 3, 4, dtype=torch.float64), entropy),
        (made(IMAGES["batch norm"]).eval(), images()[0], entropy),
    ):
        y = x if loss is token_entropy else torch.arange(9) % 5
        found = ekfac.self_influence(network, x, y, loss, ekfac.fit(network, x, y, loss, damping=1e12))
        torch.testing.assert_close(found * 1e12, gradient_norms(network, x, y, loss).squared, rtol=1e-6, atol=0)


def test_batches_and_order_change_nothing():
    network, (x, y) = made(IMAGES["convolution"]).eval(), images()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    one = ekfac.self_influence(network, x, y, entropy, ekfac.fit(network, x, y, entropy, batch=1), batch=1)
    other = ekfac.fit(network, x[order], y[order], entropy, batch=7)
    two = ekfac.self_influence(network, x[order], y[order], entropy, other, batch=256)
    torch.testing.assert_close(two, one[order], rtol=1e-9, atol=0)


def test_the_true_fisher_draws_its_labels_from_the_network():
    logits = torch.tensor([[0.0, 0.0, -1e9], [-1e9, 5.0, -1e9]]).expand(2, 3).repeat(2000, 1)
    y = ekfac.drawn(logits, torch.Generator().manual_seed(0))
    assert (y[1::2] == 1).all() and 0.45 < (y[::2] == 0).double().mean() < 0.55 and (y[::2] != 2).all()


def test_streamed_equals_kept(monkeypatch):
    network, (x, y) = made(IMAGES["mlp"]).eval(), images()
    monkeypatch.setattr(ekfac, "BLOCK", 3)
    kept, _ = ekfac.fit_self_influence(network, x, y, entropy, batch=4)
    monkeypatch.setattr(ekfac, "KEPT", 0)
    streamed, _ = ekfac.fit_self_influence(network, x, y, entropy, batch=4)
    torch.testing.assert_close(streamed, kept, rtol=1e-9, atol=0)


def test_a_negative_damping_is_refused():
    network, (x, y) = made(IMAGES["mlp"]), images()
    with pytest.raises(UsageError, match="damping"):
        ekfac.fit(network, x, y, entropy, damping=-1.0)


def test_a_network_of_one_layer_has_no_prefix():
    network = nn.Linear(4, 3).double()
    x, y = torch.randn(6, 4, dtype=torch.float64), torch.arange(6) % 3
    fitted = ekfac.fit(network, x, y, entropy, damping=1e-2)
    assert set(fitted.bases) == set(fitted.eigenvalues) == {""}
    assert (ekfac.self_influence(network, x, y, entropy, fitted) > 0).all()
