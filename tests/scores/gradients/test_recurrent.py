"""Recurrent layers against gradients formed one by one, however they are built and called."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from byheart.scores.gradients import one_by_one, pairwise
from byheart.scores.gradients.norms import gradient_norms

from .test_norms import entropy, images, made, slow


class Recurrent(nn.Module):
    """A recurrent layer over rows of an image, read by its last output, its final state, or begun by a given one."""

    def __init__(self, kind, way="last", **options) -> None:
        super().__init__()
        self.cell, self.way = kind(6, 4, **{"batch_first": True} | options), way
        self.out = nn.Linear(self.cell.hidden_size * (2 if self.cell.bidirectional else 1), 5)

    def forward(self, x):
        x = x.flatten(1, 2)
        x = x if self.cell.batch_first else x.transpose(0, 1)
        if self.way == "packed":
            x = nn.utils.rnn.pack_padded_sequence(x, torch.full((len(x),), x.shape[1]), batch_first=True)
        state = torch.ones(1, len(x), 4, dtype=self.out.weight.dtype)
        state = (state, 2 * state) if isinstance(self.cell, nn.LSTM) else state
        given = {"keyword": lambda: self.cell(x, hx=state), "given": lambda: self.cell(x, state)}
        every, final = given.get(self.way, lambda: self.cell(x))()
        if self.way in ("final", "packed"):
            return self.out((final[1] if isinstance(final, tuple) else final)[-1])
        if self.way == "twice":
            every = every + self.cell(x.flip(1))[0]
        return self.out(every[:, -1] if self.cell.batch_first else every[-1])


KINDS = {"rnn": nn.RNN, "relu": functools.partial(nn.RNN, nonlinearity="relu"), "gru": nn.GRU, "lstm": nn.LSTM}
TWO_WAYS = {"bidirectional": True, "num_layers": 2}


@pytest.mark.parametrize("batch", [1, 7, 256])
@pytest.mark.parametrize(
    "options", [{}, TWO_WAYS, {"bias": False}, {"batch_first": False}, {"num_layers": 2, "dropout": 0.5}]
)
@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_layers_are_exact(kind, options, batch):
    network, (x, y) = made(lambda: Recurrent(KINDS[kind], **options)), images()
    true, found = slow(network, x, y), gradient_norms(network, x, y, entropy, batch)
    assert found.slow == {} and set(found.parameters) == set(true)
    for parameter, values in true.items():
        torch.testing.assert_close(found.parameters[parameter], values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("way", "read"), [
    ("final", True), ("given", True), ("twice", True), ("keyword", False), ("packed", False)
])  # fmt: skip
def test_recurrent_layers_are_read_or_named_however_they_are_called(kind, way, read):
    network, (x, y) = made(lambda: Recurrent(KINDS[kind], way)), images()
    true, found = slow(network, x, y), gradient_norms(network, x, y, entropy, 4)
    assert (found.slow == {}) == read
    for parameter, values in true.items():
        torch.testing.assert_close(found.parameters[parameter], values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_layers_hold_in_float32(kind):
    x, y = images()
    true = slow(made(lambda: Recurrent(KINDS[kind], **TWO_WAYS)), x, y)
    network = made(lambda: Recurrent(KINDS[kind], **TWO_WAYS)).float()
    found = gradient_norms(network, x.float(), y, entropy)
    assert found.slow == {}
    torch.testing.assert_close(found.squared.double(), sum(true.values()), rtol=1e-4, atol=0)


def test_a_recurrent_layer_that_projects_its_state_is_read_the_slow_way():
    network, (x, y) = made(lambda: Recurrent(nn.LSTM, proj_size=3)), images()
    network.out = nn.Linear(3, 5).double()
    true, found = slow(network, x, y), gradient_norms(network, x, y, entropy, 4)
    assert {name for name in true if name.startswith("cell")} == set(found.slow)
    torch.testing.assert_close(found.squared, sum(true.values()), rtol=1e-9, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_given_by_keyword_is_not_dropped_however_small_it_is(kind):
    class Begun(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.begin, self.cell, self.out = nn.Linear(6, 4), KINDS[kind](6, 4, batch_first=True), nn.Linear(4, 5)

        def forward(self, x):
            x = x.flatten(1, 2)
            h = 1e-6 * self.begin(x[:, 0])[None]
            return self.out(self.cell(x, hx=(h, h) if isinstance(self.cell, nn.LSTM) else h)[0][:, -1])

    network, (x, y) = made(Begun), images()
    true, found = slow(network, x, y), gradient_norms(network, x, y, entropy, 4)
    assert set(found.slow) == {name for name in true if name.startswith("cell")}
    for parameter, values in true.items():
        torch.testing.assert_close(found.parameters[parameter], values, rtol=1e-9, atol=1e-30)


def test_weights_that_are_made_of_other_parameters_are_read_the_slow_way():
    def weighed():
        network = Recurrent(nn.LSTM)
        with pytest.warns(FutureWarning):  # the older way, which keeps its parameters in the layer
            nn.utils.weight_norm(network.cell, "weight_hh_l0")
        return network

    network, (x, y) = made(weighed), images()
    assert "cell.weight_hh_l0_g" in gradient_norms(network, x, y, entropy).slow
    names = tuple(n for n, _ in network.named_parameters())
    formed = one_by_one.gradients(network, names, x, y, entropy)
    g = torch.cat([formed[name].flatten(1) for name in names], 1)
    found = pairwise.dots(network, (x, y), (x, y), entropy)
    torch.testing.assert_close(found, g @ g.mT, rtol=1e-9, atol=1e-12)
