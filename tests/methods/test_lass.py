import itertools

import numpy as np
import pytest
import torch
from torch import nn

from byheart.methods.lass import lass

DOUBLE = torch.float64


def network(seed: int = 0, inputs: int = 6, classes: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(inputs, 20), nn.Tanh(), nn.Linear(20, classes)).double()


def line(x: torch.Tensor) -> torch.Tensor:
    """Class 1 where the first value is above 0."""
    return torch.stack([torch.zeros(len(x), dtype=x.dtype), x[:, 0]], 1)


def test_on_a_line_it_finds_the_other_side_just_where_there_is_one():
    x = torch.linspace(-2, 2, 41, dtype=DOUBLE)[:, None].repeat(1, 4) + 0.013
    found = lass(line, x, torch.tensor(0.5, dtype=DOUBLE))
    assert torch.equal(found.critical, x[:, 0].abs() < 0.5)


def test_it_never_leaves_the_box_and_what_it_says_is_so():
    f, x = network(), torch.randn(60, 6, dtype=DOUBLE, generator=torch.Generator().manual_seed(1))
    radius = torch.linspace(0.05, 0.6, 6, dtype=DOUBLE)
    found = lass(f, x, radius)
    assert ((found.inputs - x).abs() <= radius + 1e-12).all()
    with torch.no_grad():
        assert torch.equal(f(found.inputs).argmax(1) != f(x).argmax(1), found.critical)
    assert 0 < found.critical.sum() < 60


def slow(f, x, radius, rounds=20, seed=0):
    """One example at a time, as it is written."""
    drawn = torch.Generator().manual_seed(seed)
    noises = [torch.randn(x.shape[1:], generator=drawn, dtype=x.dtype) for _ in range(rounds)]
    ends = []
    for one in x:
        at, said = one.clone(), int(f(one[None]).argmax())
        for noise in noises:
            free = at.clone().requires_grad_(True)
            (-torch.log_softmax(f(free[None]), 1)[0, said]).backward()
            at = at + radius * (0.25 / 0.3 * free.grad.sign() + 0.2 / 0.3 * noise)
            at = torch.minimum(torch.maximum(at, one - radius), one + radius)
            if int(f(at[None]).argmax()) != said:
                break
        ends.append(at)
    return torch.stack(ends)


def test_it_is_the_algorithm_written_out_for_one_example():
    f, x = network(), torch.randn(25, 6, dtype=DOUBLE, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(lass(f, x, torch.tensor(0.4, dtype=DOUBLE)).inputs, slow(f, x, 0.4), atol=1e-9)


@pytest.mark.parametrize("cuts", [[0, 1, 9, 40], [0, 20, 40]])
def test_an_outcome_depends_on_its_example_alone(cuts):
    f, x = network(), torch.randn(40, 6, dtype=DOUBLE, generator=torch.Generator().manual_seed(3))
    radius = torch.tensor(0.3, dtype=DOUBLE)
    whole, order = lass(f, x, radius), torch.from_numpy(np.random.default_rng(0).permutation(40))
    parts = torch.cat([lass(f, x[a:b], radius).critical for a, b in itertools.pairwise(cuts)])
    assert torch.equal(parts, whole.critical)
    assert torch.equal(lass(f, x[order], radius).critical, whole.critical[order])


def test_a_larger_box_holds_no_fewer():
    f, x = network(), torch.randn(80, 6, dtype=DOUBLE, generator=torch.Generator().manual_seed(4))
    counts = [int(lass(f, x, torch.tensor(r, dtype=DOUBLE)).critical.sum()) for r in (0.0, 0.1, 0.3, 1.0, 3.0)]
    assert counts[0] == 0 and counts == sorted(counts) and counts[-1] > 60


def test_the_callers_generator_and_the_inputs_stay_as_they_were():
    f, x = network(), torch.randn(9, 6, dtype=DOUBLE)
    before, state = x.clone(), torch.get_rng_state()
    lass(f, x, torch.tensor(0.5, dtype=DOUBLE))
    assert torch.equal(x, before) and torch.equal(torch.get_rng_state(), state)
