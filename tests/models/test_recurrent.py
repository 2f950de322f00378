from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.models.recurrent import lstm, rnn
from byheart.runs.learner import Network
from byheart.scores.gradients import one_by_one
from byheart.scores.gradients.norms import gradient_norms


def test_the_elman_network_is_that_of_torch():
    ours, theirs = rnn((5, 3), 4, hidden=6), nn.RNN(3, 6, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.input.weight)
        theirs.weight_hh_l0.copy_(ours.state.weight)
        theirs.bias_ih_l0.copy_(ours.input.bias)
        theirs.bias_hh_l0.zero_()
    x = torch.randn(7, 5, 3)
    torch.testing.assert_close(ours(x), ours.head(theirs(x)[0][:, -1]))


def test_the_lstm_is_that_of_torch():
    ours, theirs = lstm((5, 3), 4, hidden=6), nn.LSTM(3, 6, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.input.weight)
        theirs.weight_hh_l0.copy_(ours.state.weight)
        theirs.bias_ih_l0.copy_(ours.input.bias)
        theirs.bias_hh_l0.zero_()
    x = torch.randn(7, 5, 3)
    torch.testing.assert_close(ours(x), ours.head(theirs(x)[0][:, -1]))


@pytest.mark.parametrize("make", [rnn, lstm])
def test_rows_of_images_are_steps(make):
    network, x = make((2, 4, 3), 5, hidden=6), torch.randn(7, 2, 4, 3)
    as_series = torch.stack([x[:, :, row].flatten(1) for row in range(4)], 1)
    torch.testing.assert_close(network.steps(x), as_series)
    assert make((4,), 5).steps(torch.randn(7, 4)).shape == (7, 4, 1)


@pytest.mark.parametrize("make", [rnn, lstm])
def test_gradients_of_layers_used_at_every_step_are_exact(make):
    torch.manual_seed(0)
    network = make((5,), 3, hidden=6, vocabulary=9, width=4).double()
    x, y = torch.randint(0, 9, (7, 5)), torch.arange(7) % 3

    def loss(z, t):
        return F.cross_entropy(z, t, reduction="none")

    names = tuple(name for name, _ in network.named_parameters())
    found = gradient_norms(network, x, y, loss, 3)
    assert found.slow == {}
    true = sum(one_by_one.squares(network, names, x, y, loss).values())
    torch.testing.assert_close(found.squared, true, rtol=1e-9, atol=0)


@pytest.mark.parametrize("make", [rnn, lstm])
def test_it_learns_which_token_came_first(few, make):
    g = np.random.default_rng(0)
    x = g.integers(0, 5, (400, 6))
    examples = Examples(x, x[:, 0])
    recipe = dataclasses.replace(few.recipe, epochs=25, optimizer="adamw", lr=0.01)
    task = dataclasses.replace(
        few, train=examples.take(np.arange(300)), validation=examples.take(np.arange(300, 350)),
        test=examples.take(np.arange(350, 400)), classes=5, class_names=(), truth={}, scaling="none",
        network=partial(make, vocabulary=5), recipe=recipe,
    )  # fmt: skip
    predict = Network().fit(task, np.arange(300), 0)
    assert (predict(task.test).argmax(1) == task.test.targets).mean() > 0.9


def test_tokens_are_rows_of_whole_numbers():
    with pytest.raises(UsageError, match="row of tokens"):
        rnn((4, 3), 2, vocabulary=7)
