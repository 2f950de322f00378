"""EK-FAC influence of pairs against dense inverse Fisher matrices in float64; its diagonal is self-influence."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.scores.gradients import ekfac, ekfac_pairs, one_by_one, pairwise
from byheart.scores.gradients.matrices import matrix

from .test_norms import IMAGES, Odd, Tokens, entropy, images, made, token_entropy

TRIED = ("mlp", "no bias", "wide", "convolution", "circular", "one dimension", "batch norm", "groups")
TOKENS = torch.randint(0, 13, (9, 6), generator=torch.Generator().manual_seed(1))
SERIES = torch.randn(9, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CASES = {name: (IMAGES[name], images()[0], entropy) for name in TRIED} | {
    "tied": (lambda: Tokens(True), TOKENS, token_entropy),
    "odd": (Odd, SERIES, entropy),
}  # fmt: skip


def dense(network: nn.Module, x, y, loss, fitted) -> torch.Tensor:
    """The slow way: every layer's inverse Fisher matrix written out over all its parameters."""
    found = torch.zeros(len(x), len(x), dtype=torch.float64)
    inside = {f"{layer}.{n}" for layer in fitted.bases for n, _ in network.get_submodule(layer).named_parameters()}
    for layer, basis in fitted.bases.items():
        names = tuple(n for n in inside if n.rsplit(".", 1)[0] == layer)
        rows = one_by_one.gradients(network, names, x, y, loss)
        g = matrix(network.get_submodule(layer), {n.rsplit(".", 1)[1]: v for n, v in rows.items()}).flatten(1)
        whole = torch.kron(basis.outputs, basis.inputs)
        fisher = whole @ torch.diag(fitted.eigenvalues[layer].flatten()) @ whole.mT
        damped = fisher + fitted.damping[layer] * torch.eye(len(fisher), dtype=fisher.dtype)
        found += g @ torch.linalg.inv(damped) @ g.mT
    for name in fitted.eigenvalues.keys() - fitted.bases.keys():
        g = one_by_one.gradients(network, (name,), x, y, loss)[name].flatten(1)
        found += g / (fitted.eigenvalues[name].flatten() + fitted.damping[name]) @ g.mT
    return found


@pytest.mark.parametrize("name", CASES)
def test_it_equals_dense_inverses_and_its_diagonal_is_self_influence(name):
    make, x, loss = CASES[name]
    network, y = made(make).eval(), x if loss is token_entropy else torch.arange(9) % 5
    fitted = ekfac.fit(network, x, y, loss, damping=1e-2)
    found = ekfac_pairs.ekfac_dots(network, (x, y), (x, y), loss, fitted, batch=4)
    own = ekfac.self_influence(network, x, y, loss, fitted)
    torch.testing.assert_close(found.diagonal(), own, rtol=1e-9, atol=0)
    torch.testing.assert_close(found, found.mT, rtol=1e-8, atol=1e-10)
    if name != "wide":  # its layer of 1,285 parameters, written out, takes seconds
        torch.testing.assert_close(found, dense(network, x, y, loss, fitted), rtol=1e-7, atol=1e-9)


def test_a_huge_damping_leaves_the_dot_product():
    network, (x, y) = made(IMAGES["convolution"]).eval(), images()
    fitted = ekfac.fit(network, x, y, entropy, damping=1e12)
    found = ekfac_pairs.ekfac_dots(network, (x[:6], y[:6]), (x[4:], y[4:]), entropy, fitted)
    plain = pairwise.dots(network, (x[:6], y[:6]), (x[4:], y[4:]), entropy)
    torch.testing.assert_close(found * 1e12, plain, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("queries", [3, 40])
@pytest.mark.parametrize("cells", [1, 10**8])
def test_factored_products_equal_written_out_ones(queries, cells, monkeypatch):
    """Both ways of multiplying, by fewer and by more queries than the layer has outputs, whole and in pieces."""
    monkeypatch.setattr(ekfac_pairs, "CELLS", cells)
    random = torch.Generator().manual_seed(0)
    query = torch.randn(queries, 7, 5, dtype=torch.float64, generator=random)
    d, a = (torch.randn(11, k, dtype=torch.float64, generator=random) for k in (7, 5))
    true = torch.einsum("moi,no,ni->mn", query, d, a)
    torch.testing.assert_close(ekfac_pairs.product(query, (d, a)), true, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("block", [1, 6000, 10**9])
@pytest.mark.parametrize("name", ["mlp", "convolution"])
def test_the_top_is_that_of_the_whole_matrix_whatever_the_chunks(name, block, monkeypatch):
    network, (x, y) = made(IMAGES[name]).eval(), images()
    fitted = ekfac.fit(network, x, y, entropy)
    true = ekfac_pairs.ekfac_dots(network, (x[:7], y[:7]), (x[5:], y[5:]), entropy, fitted).mT
    monkeypatch.setattr(ekfac_pairs, "BLOCK", block)
    found = ekfac_pairs.top_ekfac(network, (x[:7], y[:7]), (x[5:], y[5:]), entropy, fitted, top=3, batch=2)
    values, rows = true.sort(1)
    assert found.helpful.tolist() == rows.flip(1)[:, :3].tolist()
    assert found.harmful.tolist() == rows[:, :3].tolist()
    torch.testing.assert_close(found.helpful_values, values.flip(1)[:, :3], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found.harmful_values, values[:, :3], rtol=1e-9, atol=1e-12)


def test_order_changes_nothing_but_the_order():
    network, (x, y) = made(IMAGES["mlp"]).eval(), images()
    fitted, order = ekfac.fit(network, x, y, entropy), torch.randperm(9, generator=torch.Generator().manual_seed(0))
    one = ekfac_pairs.ekfac_dots(network, (x, y), (x, y), entropy, fitted, batch=1)
    two = ekfac_pairs.ekfac_dots(network, (x[order], y[order]), (x, y), entropy, fitted, batch=256)
    torch.testing.assert_close(two, one[order], rtol=1e-9, atol=1e-12)


def test_a_top_that_cannot_be_is_refused():
    network, (x, y) = made(IMAGES["mlp"]).eval(), images()
    with pytest.raises(UsageError, match="training examples"):
        ekfac_pairs.top_ekfac(network, (x, y), (x, y), entropy, ekfac.fit(network, x, y, entropy), top=10)
