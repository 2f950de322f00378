from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint import prediction_depth as file
from byheart.scores.checkpoint.layer_features import layer_features
from byheart.scores.checkpoint.prediction_depth import depth, prediction_depth, votes


def slow_votes(features: np.ndarray, labels: np.ndarray, k: int) -> list[int]:
    """One example at a time; of equal votes the smallest class."""
    found = []
    for i in range(len(features)):
        distance = np.sqrt(np.square(features - features[i]).sum(1))
        distance[i] = np.inf
        counts = Counter(labels[np.argsort(distance)[:k]].tolist())
        found.append(min(counts, key=lambda c: (-counts[c], c)))
    return found


@pytest.fixture
def blobs() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    labels = torch.arange(90) % 3
    x = torch.randn(90, 4, dtype=torch.float64) + 2 * torch.eye(4, dtype=torch.float64)[labels]
    network = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double().eval()
    return network, x, labels


@pytest.mark.parametrize("k", [1, 5, 30, 200])
def test_votes_are_those_of_a_sort_of_all_distances(blobs, k):
    _, x, labels = blobs
    assert votes(x, labels, 3, k).tolist() == slow_votes(x.numpy(), labels.numpy(), min(k, 89))


def test_votes_are_scikit_learn_s_with_the_example_left_out(blobs):
    _, x, labels = blobs
    found = votes(x, labels, 3, 7)
    for i in range(0, 90, 9):
        rest = np.arange(90) != i
        peer = KNeighborsClassifier(7, algorithm="brute").fit(x[rest], labels[rest])
        assert found[i] == peer.predict(x[i : i + 1])[0]


def test_an_example_is_not_its_own_neighbour():
    x = torch.tensor([[0.0], [0.1], [5.0], [5.1]], dtype=torch.float64)
    assert votes(x, torch.tensor([0, 1, 2, 3]), 4, 1).tolist() == [1, 0, 3, 2]


def test_examples_equally_far_share_the_places_whatever_their_order():
    x = torch.tensor([[0.0], [1.0], [1.0], [-1.0]], dtype=torch.float64)  # the first has three neighbours for one place
    for order in ([0, 1, 2, 3], [0, 3, 1, 2], [0, 2, 3, 1]):
        assert votes(x[order], torch.tensor([0, 2, 2, 1])[order], 3, 1)[0] == 2


def test_depth_is_the_first_layer_of_the_last_agreement():
    agrees = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 0]], bool)
    np.testing.assert_array_equal(depth(agrees), [1, 2, 3, 4])


def test_it_is_that_of_each_layer_s_votes(blobs):
    network, x, labels = blobs
    final = network(x).argmax(1)
    said = [slow_votes(f.numpy(), labels.numpy(), 30) for f in layer_features(network, x).values()]
    slow = []
    for i in range(90):
        layer = len(said)
        while layer and said[layer - 1][i] == final[i]:
            layer -= 1
        slow.append(layer + 1)
    found = prediction_depth(network, x, labels)
    np.testing.assert_array_equal(found, slow)
    assert len(set(slow)) >= 3, "otherwise nothing is compared"


def test_order_and_chunks_change_nothing(blobs, monkeypatch):
    network, x, labels = blobs
    x[7] = x[11]  # a copy with another label
    whole, order = prediction_depth(network, x, labels), torch.randperm(90)
    np.testing.assert_array_equal(prediction_depth(network, x[order], labels[order]), whole[order])
    monkeypatch.setattr(file, "CELLS", 90 * 7)
    np.testing.assert_array_equal(prediction_depth(network, x, labels), whole)


def test_regression_and_a_single_example_have_none(blobs):
    network, x, labels = blobs
    with pytest.raises(NotApplicable, match="regression"):
        prediction_depth(network, x, x[:, 0])
    with pytest.raises(NotApplicable, match="no neighbours"):
        prediction_depth(network, x[:1], labels[:1])
