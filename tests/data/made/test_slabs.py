import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.made.slabs import SHARES, slab_feature, slabs


def edges(k, margin):
    """Where the slabs begin and end, built up from left to right."""
    width, found, place = 2 * (1 - (k - 1) * margin) / k, [], -1.0
    for _ in range(k):
        found.append((place, place + width))
        place += width + 2 * margin
    return found


@pytest.mark.parametrize("k", [2, 3, 4, 5, 7])
def test_every_value_is_in_a_slab_of_its_class(k):
    labels = np.random.default_rng(0).integers(0, 2, 5_000)
    values = slab_feature(labels, k, 0.1, np.random.default_rng(1))
    assert edges(k, 0.1)[-1][1] == pytest.approx(1)
    for value, label in zip(values, labels, strict=True):
        assert [i % 2 for i, (a, b) in enumerate(edges(k, 0.1)) if a <= value <= b] == [label]


@pytest.mark.parametrize("k", [5, 7])
def test_the_classes_have_equal_moments_so_that_no_line_tells_them_apart(k):
    labels = np.arange(200_000) % 2
    values = slab_feature(labels, k, 0.1, np.random.default_rng(2))
    a, b = values[labels == 0], values[labels == 1]
    assert abs(a.mean() - b.mean()) < 5 * values.std() * 2 / np.sqrt(200_000)
    error = np.sqrt(2 * (values**2).var() / 100_000)
    assert abs((a**2).mean() - (b**2).mean()) < 5 * error < 0.01
    assert all(sum(shares) == 1 for shares in SHARES[k])


def test_the_paper_s_shares():
    labels = np.zeros(100_000, int)
    middle = np.abs(slab_feature(labels, 5, 0.1, np.random.default_rng(3))) < 0.2
    assert middle.mean() == pytest.approx(3 / 4, abs=0.01)  # of class 0 in the middle of five slabs
    inner = np.abs(slab_feature(labels, 7, 0.1, np.random.default_rng(3))) < 0.5
    assert inner.mean() == pytest.approx(7 / 8, abs=0.01)


def test_linear_features_say_the_class_by_their_sign_but_for_the_noisy_share():
    task = slabs(1, 20_000, 200, features=4, linear=2, noise=0.1)
    assert task.feature_names == ("linear 0", "linear 1", "slabs 0", "slabs 1")
    x, sign = task.train.inputs, 2 * task.train.targets - 1
    near = np.abs(x[:, :2]) < 0.1
    assert near[:, 0].mean() == pytest.approx(0.1, abs=0.01)
    assert np.array_equal(near[:, 0], near[:, 1])  # the same examples
    assert (np.sign(x[~near[:, 0], 0]) == sign[~near[:, 0]]).all()
    assert np.mean(np.sign(x[near[:, 0], 0]) == sign[near[:, 0]]) == pytest.approx(0.5, abs=0.05)
    assert np.abs(x).max() <= 1


def test_two_slabs_are_a_linear_feature():
    x = slabs(0, 1_000, 10, features=1, linear=0, slabs=2)
    assert (np.sign(x.train.inputs[:, 0]) == 2 * x.train.targets - 1).all()
    assert np.abs(x.train.inputs).min() >= 0.1 - 1e-6


@pytest.mark.parametrize(
    "wrong", [{"slabs": 1}, {"slabs": 11}, {"linear": 21}, {"features": 0, "linear": 0}, {"noise": 2}, {"margin": -1}]
)
def test_what_makes_no_task_is_refused(wrong):
    with pytest.raises(UsageError):
        slabs(0, 10, 10, **wrong)
