from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint import variance_of_gradients as file
from byheart.scores.checkpoint.variance_of_gradients import (
    inside_classes,
    variance_of_gradients,
    vog,
    vog_early,
    vog_late,
)


@pytest.fixture
def kept(smooth) -> list[tuple[float, nn.Module]]:
    """Seven checkpoints."""
    found = []
    for seed in range(7):
        torch.manual_seed(seed)
        network = copy.deepcopy(smooth.network)
        for p in network.parameters():
            p.add_(0.5 * torch.randn_like(p))
        found.append((0.1, network))
    return found


def slow(checkpoints, case) -> np.ndarray:
    """One example, one checkpoint, one input value at a time."""
    n, (_, d) = len(checkpoints), case.inputs.shape
    maps = np.zeros((n, 12, d))
    for c, (_, network) in enumerate(checkpoints):
        for i in range(12):
            x = case.inputs[i].clone().requires_grad_(True)
            network(x[None])[0, case.targets[i]].backward()
            assert x.grad is not None
            maps[c, i] = (x.grad * case.deviations).numpy()
    squares = np.square(maps - maps.sum(0) / n).sum(0) / n
    return np.sqrt(squares).mean(1)


def given(case) -> tuple:
    return case.inputs, case.targets, case.deviations


def z(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    pairs = zip(values, labels, strict=True)
    return np.array([(v - values[labels == k].mean()) / values[labels == k].std() for v, k in pairs])


def test_it_is_the_spread_of_the_label_s_gradient_over_checkpoints(smooth, kept):
    np.testing.assert_allclose(variance_of_gradients(kept, *given(smooth)), slow(kept, smooth), rtol=1e-10)


def test_a_phase_is_divided_by_its_own_count(smooth, kept):
    labels = smooth.targets.numpy()
    for score, phase in ((vog, kept), (vog_early, kept[:3]), (vog_late, kept[-3:])):
        found = score(smooth.network, kept, *given(smooth))
        np.testing.assert_allclose(found, z(slow(phase, smooth), labels), rtol=1e-9)
    assert np.isfinite(vog_early(smooth.network, kept[:4], *given(smooth))).all()


def test_a_network_that_did_not_move_has_no_variance(smooth, kept):
    still = [kept[0]] * 5
    assert np.abs(variance_of_gradients(still, *given(smooth))).max() < 1e-12
    shift = copy.deepcopy(kept[0][1])
    shift[2].bias += 5.0  # which changes no gradient
    assert np.abs(variance_of_gradients([kept[0], (0.1, shift)], *given(smooth))).max() < 1e-12


def test_chunks_change_nothing(smooth, kept, monkeypatch):
    whole = vog(smooth.network, kept, *given(smooth))
    monkeypatch.setattr(file, "CHUNK", 5)
    np.testing.assert_allclose(vog(smooth.network, kept, *given(smooth)), whole, rtol=1e-10)


def test_regression_reads_the_output_and_is_one_class(smooth, kept):
    one = [(lr, nn.Sequential(network, nn.Linear(3, 1).double())) for lr, network in kept]
    targets = torch.randn(12, dtype=torch.float64)
    found = vog(one[0][1], one, smooth.inputs, targets, smooth.deviations)
    assert found.mean() == pytest.approx(0, abs=1e-12) and found.std() == pytest.approx(1)


def test_inside_classes_alone_equal_and_far_apart():
    found = inside_classes(np.array([1.0, 3, 100, 100, 5]), np.array([0, 0, 1, 1, 2]))
    np.testing.assert_array_equal(found, [-1, 1, 0, 0, np.nan])


def test_too_few_checkpoints_are_a_reason(smooth, kept):
    with pytest.raises(NotApplicable, match="four are needed"):
        vog_late(smooth.network, kept[:3], *given(smooth))
    with pytest.raises(NotApplicable, match="at least two"):
        vog(smooth.network, kept[:1], *given(smooth))


def test_words_have_none(smooth, words):
    tokens = torch.randint(0, 20, (12, 5)).double()
    with pytest.raises(NotApplicable, match="looked up"):
        vog(words, [(0.1, words)] * 4, tokens, smooth.targets, smooth.deviations)
