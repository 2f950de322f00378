from __future__ import annotations

import pytest
import torch

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.slopes import frozen, loss_slopes, slopes


def test_each_row_is_that_example_s_own_gradient(smooth):
    found = loss_slopes(smooth.network, smooth.inputs, smooth.targets, smooth.loss_of)
    for i in range(12):
        step = 1e-6
        for d in range(5):
            moved = torch.zeros(5, dtype=torch.float64)
            moved[d] = step
            up, down = (smooth.network(smooth.inputs[i : i + 1] + s * moved) for s in (1, -1))
            label = smooth.targets[i : i + 1]
            slope = (smooth.loss_of(up, label) - smooth.loss_of(down, label)) / (2 * step)
            assert float(found[i, d]) == pytest.approx(float(slope), abs=1e-8)


def test_words_have_none_whether_the_network_is_frozen_or_not(words):
    tokens = torch.randint(0, 20, (6, 5)).double()
    for network in (words, words.requires_grad_(False)):
        with pytest.raises(NotApplicable, match="no gradient in its inputs"):
            slopes(network, tokens, lambda z: z[:, 0])


def test_a_checkpoint_s_network_stays_as_it_was():
    network = torch.nn.Linear(3, 2)
    (copied,) = frozen([(0.1, network)], torch.zeros(1, dtype=torch.float64))
    assert next(copied.parameters()).dtype == torch.float64 and not next(copied.parameters()).requires_grad
    assert network.weight.dtype == torch.float32 and network.weight.requires_grad
    torch.testing.assert_close(copied.weight.float(), network.weight)
