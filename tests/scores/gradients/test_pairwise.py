"""Dot products of gradients against gradients written out; the top k against the whole matrix sorted."""

from __future__ import annotations

import pytest
import torch

from byheart.base.errors import UsageError
from byheart.scores.gradients import one_by_one, pairwise
from byheart.scores.gradients.norms import gradient_norms

from .test_norms import IMAGES, Odd, Tokens, entropy, images, made, token_entropy

TOKENS = torch.randint(0, 13, (9, 6), generator=torch.Generator().manual_seed(1))
SERIES = torch.randn(9, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CASES = {name: (make, images()[0], entropy) for name, make in IMAGES.items()} | {
    "tied": (lambda: Tokens(True), TOKENS, token_entropy),
    "odd": (Odd, SERIES, entropy),
}  # fmt: skip


def written_out(network, x, y, loss):
    names = tuple(n for n, p in network.named_parameters() if p.requires_grad)
    formed = one_by_one.gradients(network, names, x, y, loss)
    return torch.cat([formed[name].flatten(1) for name in names], 1)


@pytest.mark.parametrize("name", CASES)
def test_dots_equal_written_out_gradients(name):
    make, x, loss = CASES[name]
    network, y = made(make).eval(), x if loss is token_entropy else torch.arange(9) % 5
    g = written_out(network, x, y, loss)
    found = pairwise.dots(network, (x[:6], y[:6]), (x[4:], y[4:]), loss, batch=4)
    torch.testing.assert_close(found, g[:6] @ g[4:].mT, rtol=1e-9, atol=1e-12)
    own = pairwise.dots(network, (x, y), (x, y), loss).diagonal()
    torch.testing.assert_close(own, gradient_norms(network, x, y, loss).squared, rtol=1e-9, atol=0)


@pytest.mark.parametrize("block", [1, 3000, 10**9])
@pytest.mark.parametrize("name", ["mlp", "convolution"])
def test_the_top_is_that_of_the_whole_matrix(name, block, monkeypatch):
    monkeypatch.setattr(pairwise, "TEST_BLOCK", block)
    monkeypatch.setattr(pairwise, "TRAIN_BLOCK", block)
    network, (x, y) = made(IMAGES[name]).eval(), images()
    g = written_out(network, x, y, entropy)
    found = pairwise.top_influence(network, (x[:7], y[:7]), (x[5:], y[5:]), entropy, top=3, batch=2)
    values, rows = (g[5:] @ g[:7].mT).sort(1)
    assert found.helpful.tolist() == rows.flip(1)[:, :3].tolist()
    assert found.harmful.tolist() == rows[:, :3].tolist()
    torch.testing.assert_close(found.helpful_values, values.flip(1)[:, :3], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found.harmful_values, values[:, :3], rtol=1e-9, atol=1e-12)


def test_what_was_read_slowly_is_named():
    network, y = made(Odd).eval(), torch.arange(9) % 5
    found = pairwise.top_influence(network, (SERIES, y), (SERIES, y), entropy, top=2)
    assert {"scale", "out.weight"} <= found.slow.keys() and "out.bias" not in found.slow


@pytest.mark.parametrize("top", [0, 8])
def test_a_top_that_cannot_be_is_refused(top):
    network, (x, y) = made(IMAGES["mlp"]), images()
    with pytest.raises(UsageError, match="training examples"):
        pairwise.top_influence(network, (x[:7], y[:7]), (x, y), entropy, top=top)
