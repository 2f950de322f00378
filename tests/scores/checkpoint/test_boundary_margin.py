from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint import boundary_margin as file
from byheart.scores.checkpoint.boundary_margin import boundary_margin, first_order_margin


def line(classes: int = 4) -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(3, classes).double().requires_grad_(False)


def nearest_region(network: nn.Linear, x: np.ndarray, d: np.ndarray, k: int) -> float:
    """Distance, in deviations, to the nearest point whose largest logit is that of k, by quadratic programming."""
    w, b = network.weight.numpy(), network.bias.numpy()
    rows = [j for j in range(len(w)) if j != k]
    gaps = {"type": "ineq", "fun": lambda u: np.array([(w[k] - w[j]) @ (x + d * u) + b[k] - b[j] for j in rows])}
    return np.sqrt(minimize(lambda u: u @ u, np.zeros(3), jac=lambda u: 2 * u, constraints=gaps, tol=1e-14).fun)


def test_a_linear_network_s_is_the_distance_to_the_nearest_other_region():
    network, d = line(), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    x = torch.randn(15, 3, dtype=torch.float64)
    said = network(x).argmax(1)
    found = boundary_margin(network, x, said, d)
    for i in range(15):
        others = [k for k in range(4) if k != said[i]]
        slow = min(nearest_region(network, x[i].numpy(), d.numpy(), k) for k in others)
        assert found[i] == pytest.approx(slow, rel=1e-5)


def test_where_it_is_wrong_it_is_below_0_and_no_farther_than_the_label_s_region():
    network, d = line(), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    x = torch.randn(15, 3, dtype=torch.float64)
    label = network(x).argmin(1)
    found = boundary_margin(network, x, label, d)
    slow = [nearest_region(network, x[i].numpy(), d.numpy(), int(label[i])) for i in range(15)]
    assert (found < 0).all() and (-found <= np.array(slow) + 1e-6).all()
    two = line(2)
    exact = [nearest_region(two, row.numpy(), d.numpy(), int(k)) for row, k in zip(x, two(x).argmin(1), strict=True)]
    np.testing.assert_allclose(-boundary_margin(two, x, two(x).argmin(1), d), exact, rtol=1e-5)


def searched(network: nn.Module, x: torch.Tensor, label: int, d: torch.Tensor) -> torch.Tensor:
    """A point of the boundary, by steps of the first-order margin (DeepFool, Moosavi-Dezfooli et al. 2016)."""
    at = x.clone()
    for _ in range(100):
        jacobian, z = torch.autograd.functional.jacobian(lambda v: network(v[None])[0], at), network(at[None])[0]
        slopes, gaps = (jacobian[label] - jacobian) * d, z[label] - z  # type: ignore[operator]
        k = min((k for k in range(len(z)) if k != label), key=lambda k: float(gaps[k].abs() / slopes[k].norm()))
        if abs(float(gaps[k])) < 1e-13:
            break
        at = at - d * slopes[k] * gaps[k] / slopes[k].square().sum()
    return at


def test_a_search_for_the_boundary_of_a_bent_network_ends_as_far_away(smooth):
    network, d = smooth.network, smooth.deviations
    said = network(smooth.inputs).argmax(1)
    ends = torch.stack([searched(network, x, int(k), d) for x, k in zip(smooth.inputs, said, strict=True)])
    for share, within in ((0.1, 0.25), (0.01, 0.03)):  # the closer, the straighter
        near = ends + share * (smooth.inputs - ends)
        kept = network(near).argmax(1) == said
        assert kept.sum() >= 9, "the search may end behind a third class"
        found = boundary_margin(network, near, said, d)
        moves = [(x - searched(network, x, int(k), d))[d > 0] / d[d > 0] for x, k in zip(near, said, strict=True)]
        np.testing.assert_allclose(found[kept], torch.stack(moves)[kept].norm(dim=1), rtol=within)


def test_the_unit_of_an_input_and_the_order_do_not_matter(smooth):
    whole = boundary_margin(smooth.network, smooth.inputs, smooth.targets, smooth.deviations)
    rows = torch.tensor([5, 0, 11, 3])
    part = boundary_margin(smooth.network, smooth.inputs[rows], smooth.targets[rows], smooth.deviations)
    np.testing.assert_allclose(part, whole[rows], rtol=1e-12)
    units = torch.tensor([10.0, 0.1, 3.0, 1.0, 7.0], dtype=torch.float64)
    smooth.network[0].weight /= units
    again = boundary_margin(smooth.network, smooth.inputs * units, smooth.targets, smooth.deviations * units)
    np.testing.assert_allclose(again, whole, rtol=1e-9)


def test_with_many_classes_the_likeliest_are_looked_at(monkeypatch):
    network, d = line(10), torch.ones(3, dtype=torch.float64)
    x = torch.randn(30, 3, dtype=torch.float64)
    said = network(x).argmax(1)
    whole = first_order_margin(network, x, said, d)
    monkeypatch.setattr(file, "NEAREST", 3)
    few = first_order_margin(network, x, said, d)
    assert (few >= whole - 1e-12).all() and (few < whole + 1e-12).any()


def test_a_gap_that_no_input_changes_is_infinitely_far_and_no_gap_is_none():
    network = nn.Linear(3, 2).double().requires_grad_(False)
    network.weight.zero_()
    x, d, labels = torch.randn(2, 3, dtype=torch.float64), torch.ones(3, dtype=torch.float64), torch.tensor([0, 1])
    network.bias.copy_(torch.tensor([1.0, 0.0]))
    np.testing.assert_array_equal(boundary_margin(network, x, labels, d), [np.inf, -np.inf])
    network.bias.zero_()
    np.testing.assert_array_equal(boundary_margin(network, x, labels, d), [0, 0])


def test_regression_and_words_have_no_boundary(smooth, words):
    with pytest.raises(NotApplicable, match="regression"):
        boundary_margin(nn.Linear(5, 1).double(), smooth.inputs, smooth.inputs[:, 0], smooth.deviations)
    for network in (words, words.requires_grad_(False)):
        with pytest.raises(NotApplicable, match="looked up"):
            boundary_margin(network, torch.zeros(12, 5, dtype=torch.float64), smooth.targets, smooth.deviations)
