from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import MissingExtra, NotApplicable
from byheart.diagnosis.heavy_tail import eigenvalues, spectral_exponents, tail


def pareto(n: int, alpha: float, seed: int = 0) -> np.ndarray:
    return (1 - np.random.default_rng(seed).random(n)) ** (-1 / (alpha - 1))


def slow_tail(values: np.ndarray) -> tuple[float, float, int, float]:
    """Every value as the least of the tail, in turn: exponent, least, how many, distance."""
    found, s = [], np.sort(values)
    for least in s[:-1]:
        above = s[s >= least]
        alpha = 1 + len(above) / np.log(above / least).sum()
        distance = np.abs(1 - (above / least) ** (1 - alpha) - np.arange(len(above)) / len(above)).max()
        found.append((distance, alpha, least, len(above)))
    distance, alpha, least, count = min(found)
    return alpha, least, count, distance


@pytest.mark.parametrize("alpha", [2.2, 4.5])
def test_the_exponent_is_that_of_a_search_over_all_tails(alpha):
    pytest.importorskip("powerlaw")
    values = pareto(200, alpha)
    found = tail(values)
    slow = slow_tail(values)
    assert (found["alpha"], found["least"], found["in_tail"], found["distance"]) == pytest.approx(slow, rel=1e-9)
    assert abs(found["alpha"] - alpha) < 4 * found["alpha_se"]


def test_a_layer_made_of_a_known_spectrum_gives_it_back():
    pytest.importorskip("powerlaw")
    torch.manual_seed(0)
    left, right = (torch.linalg.qr(torch.randn(300, 300, dtype=torch.float64))[0] for _ in range(2))
    spectrum = torch.from_numpy(np.sqrt(pareto(300, 3.0)))
    first = nn.Linear(300, 300)
    network = nn.Sequential(first, nn.ReLU(), nn.Linear(300, 4)).double()
    with torch.no_grad():
        first.weight.copy_(left * spectrum @ right)
    found = spectral_exponents(network).set_index("layer")
    assert list(found.index) == ["0", "2"] and list(found["eigenvalues"]) == [300, 4]
    assert abs(found.loc["0", "alpha"] - 3) < 4 * found.loc["0", "alpha_se"]
    assert found.loc["2"].isna().drop("eigenvalues").all(), "four eigenvalues have no tail"
    with torch.no_grad():
        first.weight.mul_(100)
    assert spectral_exponents(network).set_index("layer").loc["0", "alpha"] == pytest.approx(found.loc["0", "alpha"])


def test_eigenvalues_are_those_of_w_t_w_without_zeros():
    weight = np.random.default_rng(0).normal(size=(7, 5))
    np.testing.assert_allclose(eigenvalues(weight), np.linalg.eigvalsh(weight.T @ weight), rtol=1e-10)
    assert len(eigenvalues(np.outer(np.arange(1.0, 5), np.ones(6)))) == 1
    assert len(eigenvalues(np.zeros((3, 4)))) == 0


def test_a_convolution_has_those_of_each_place_of_its_kernel():
    weight = np.random.default_rng(0).normal(size=(4, 3, 2, 2))
    slow = [np.linalg.eigvalsh(weight[:, :, i, j].T @ weight[:, :, i, j]) for i in range(2) for j in range(2)]
    np.testing.assert_allclose(eigenvalues(weight), np.sort(np.concatenate(slow)), rtol=1e-9)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "powerlaw", None)
    with pytest.raises(MissingExtra, match="pip install"):
        spectral_exponents(nn.Linear(3, 2))


def test_a_network_without_matrices_is_a_reason():
    with pytest.raises(NotApplicable, match="no linear"):
        spectral_exponents(nn.LayerNorm(4))
