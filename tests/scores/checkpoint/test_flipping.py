from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from byheart.base.errors import UsageError
from byheart.scores.checkpoint import flipping
from byheart.scores.checkpoint.flipping import Masks, silence, silenced, units_to_flip


def selecting(units: int) -> nn.Module:
    """Class 1 when the input is positive: `units` equal units vote for it, and one more for class 0 by a little."""
    network = nn.Sequential(nn.Linear(1, units + 1), nn.ReLU(), nn.Linear(units + 1, 2))
    first, last = network[0], network[2]
    with torch.no_grad():
        first.weight.fill_(1.0)
        first.weight[-1] = 0.0
        first.bias.zero_()
        first.bias[-1] = 0.1
        last.weight.zero_()
        last.weight[1, :units] = 1.0
        last.weight[0, -1] = 1.0
        last.bias.zero_()
    return network


@pytest.mark.parametrize("units", [1, 3, 7])
def test_every_unit_that_votes_must_be_silenced(units):
    inputs, targets = torch.tensor([[1.0], [-1.0], [-2.0]]), torch.tensor([1, 0, 0])
    assert units_to_flip(selecting(units), inputs, targets, np.array([0])).tolist() == [units]


def test_what_is_answered_wrongly_needs_none_and_what_cannot_flip_is_infinite():
    inputs, targets = torch.tensor([[1.0], [-1.0]]), torch.tensor([0, 0])
    assert units_to_flip(selecting(2), inputs, targets, np.array([0, 1]), most=3)[0] == 0
    found = units_to_flip(selecting(9), torch.tensor([[1.0], [-1.0]]), torch.tensor([1, 0]), np.array([0]), most=3)
    assert np.isinf(found).all()


def test_the_network_is_as_it_was_and_the_count_does_not_hang_on_the_other_rows_asked():
    network, inputs = selecting(3), torch.randn(20, 1, generator=torch.Generator().manual_seed(0))
    targets = network(inputs).argmax(1)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    both = units_to_flip(network, inputs, targets, np.array([0, 1]))
    assert units_to_flip(network, inputs, targets, np.array([0]))[0] == both[0]
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert not any(m._forward_hooks for m in network.modules())


def test_each_silenced_unit_is_the_best_first_order_choice():
    """Against a slow reference: the derivative of the aim in each unit's output scale, one unit at a time."""
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    inputs = torch.randn(8, 4, dtype=torch.float64)
    with Masks(network, inputs[:1]) as masks:
        assert [len(m) for m in masks.units] == [6, 5]
        out = network(inputs)[:, 0].sum()
        grads = torch.autograd.grad(out, masks.units)
        before = float(out.detach())
        for layer, mask in enumerate(masks.units):
            for unit in range(len(mask)):
                mask.data[unit] = 1 + 1e-6
                step = float(network(inputs)[:, 0].sum().detach())
                mask.data[unit] = 1.0
                assert (step - before) / 1e-6 == pytest.approx(float(grads[layer][unit]), rel=1e-4, abs=1e-6)


def test_convolutions_are_silenced_by_channel():
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 16, 2))
    with Masks(network, torch.zeros(1, 1, 6, 6)) as masks:
        assert [len(m) for m in masks.units] == [3]


def test_a_network_without_activations_is_refused():
    with pytest.raises(UsageError, match="no activation modules"):
        units_to_flip(nn.Linear(2, 2), torch.zeros(3, 2), torch.zeros(3, dtype=torch.long), np.array([0]))


def aims(network, masks, inputs, targets) -> torch.Tensor:
    """loss(others) - loss(first) with each unit that is still there silenced, one at a time; inf for the rest."""
    found = []
    for mask in masks.units:
        for unit in range(len(mask)):
            kept, mask.data[unit] = float(mask.data[unit]), 0.0
            with torch.no_grad():
                losses = cross_entropy(network(inputs), targets, reduction="none")
            found.append(float(losses[1:].mean() - losses[0]) if kept else float("inf"))
            mask.data[unit] = kept
    return torch.tensor(found)


def linear_in_its_units(*widths: int) -> nn.Module:
    """ReLUs that positive inputs never turn off, and small logits: losses are all but linear in each unit, so that the
    first order is the truth.
    """
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
        for p in layers[-2].parameters():
            p.data.abs_()
    last = nn.Linear(widths[-1], 3)
    last.weight.data *= 0.001
    last.bias.data.zero_()
    return nn.Sequential(*layers, last).double()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("widths", [(4, 6), (4, 6, 5)])
def test_the_choice_is_that_of_trying_every_unit(seed, widths, monkeypatch):
    monkeypatch.setattr(flipping, "NOISE", 0.0)
    torch.manual_seed(seed)
    network = linear_in_its_units(*widths)
    inputs, targets = torch.rand(30, 4, dtype=torch.float64), torch.randint(0, 3, (30,))
    random, gone = torch.Generator().manual_seed(seed), []
    with Masks(network, inputs[:1]) as masks:
        for _ in range(4):
            tried = aims(network, masks, inputs, targets)
            before = torch.cat([mask.detach().clone() for mask in masks.units])
            layer = silence(network, masks.units, inputs, targets, random)
            (chosen,) = np.flatnonzero(before - torch.cat([mask.detach() for mask in masks.units]))
            assert layer == (0 if chosen < 6 else 1) and chosen == int(tried.argmin())
            gone.append(chosen)
    assert len(set(gone)) == 4


def test_the_count_is_that_of_trying_every_unit_until_the_answer_flips(monkeypatch):
    monkeypatch.setattr(flipping, "NOISE", 0.0)
    torch.manual_seed(0)
    network = linear_in_its_units(2, 5)
    inputs = torch.randn(12, 2, dtype=torch.float64)
    targets, counts = network(inputs).argmax(1), []
    for row in range(12):
        order = torch.tensor([row, *(k for k in range(12) if k != row)])
        count, flipped = 0, False
        with Masks(network, inputs[:1]) as masks:
            while count < 5 and not flipped:
                masks.units[0].data[int(aims(network, masks, inputs[order], targets[order]).argmin())] = 0.0
                flipped = int(network(inputs[row : row + 1]).argmax(1)) != int(targets[row])
                count += 1
        (found,) = silenced(network, inputs, targets, np.array([row]), most=5)
        assert (found.flipped, found.layers) == (flipped, ("1",) * count)
        counts.append(count)
    assert len(set(counts)) > 1
