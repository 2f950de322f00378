import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem006_overfitting import overfitting, three

from .conftest import Columns, Models, clouds, scores_of


def measured(
    train: float, test: float, train_loss: float, test_loss: float, inside: float | None = None, outside: float = 0.0
) -> Evidence:
    """A run of 20 epochs that ends with these accuracies and losses; models with and without an example are right so
    often.
    """
    task = clouds()
    n, h = len(task.train), len(task.test)
    random = np.random.default_rng(0)
    right = lambda share, size: np.arange(size) < share * size  # noqa: E731
    curve = np.abs(np.arange(20) - 6)[:, None] / 13  # down to epoch 7, then up to 1
    rising = test_loss * (0.4 + 0.6 * curve) + random.normal(0, 0.02, (20, h))
    run = Columns(
        loss=np.full((20, n), train_loss),
        correct=np.broadcast_to(right(train, n), (20, n)),
        validation_loss=rising,
        test_loss=rising,
        validation_correct=np.broadcast_to(right(test, h), (20, h)),
        test_correct=np.broadcast_to(right(test, h), (20, h)),
    )
    many = None
    if inside is not None:
        member = np.arange(20)[:, None] % 2 == np.arange(n) % 2
        correct = np.where(member, right(inside, n), right(outside, n)).astype(np.float32)
        many = Models(member=member, correct=correct)
    return Evidence(task, run, many, scores_of(task, run, many))


def test_all_three_signs():
    found = overfitting(measured(1.0, 0.7, 0.01, 1.5, inside=1.0, outside=0.7))
    assert found.count == 0
    assert found.total == 120
    assert found.severity == "warn"
    assert found.evidence.startswith("3 of 3 signs")
    assert "epoch 7" in found.evidence
    assert "Recipe(epochs=7)" in found.do


def test_two_of_three_are_enough_and_one_is_not():
    assert overfitting(measured(1.0, 0.7, 0.9, 0.9, inside=1.0, outside=0.7)).evidence.startswith("2 of 3")
    assert overfitting(measured(1.0, 1.0, 0.01, 1.5, inside=1.0, outside=1.0)) is None
    assert overfitting(measured(1.0, 0.7, 0.9, 0.9, inside=0.7, outside=0.7)) is None


def test_a_gap_within_its_uncertainty_is_no_sign():
    assert overfitting(measured(1.0, 0.93, 0.01, 1.5)) is None


def test_digits_with_wrong_labels_overfit(noisy):
    found = overfitting(noisy.evidence)
    assert found is not None
    signs = three(noisy.evidence)
    assert all(s.known and s.low < s.value < s.high for s in signs.values())


def test_clouds_do_not(easy):
    assert overfitting(easy.evidence) is None


def test_for_regression_two_signs_are_left(line):
    signs = three(line.evidence)
    assert not signs["accuracy"].known
    assert signs["loss"].known and signs["seen"].known
    assert signs["seen"].kind == "loss"


def test_a_run_without_held_out_examples_cannot_tell(easy):
    run = Columns(loss=np.zeros((3, 120)))
    with pytest.raises(NotApplicable, match="held-out"):
        overfitting(Evidence(easy.task, run, None, easy.scores))


def test_one_sign_alone_cannot_tell(line):
    with pytest.raises(NotApplicable, match="one of the three"):
        overfitting(line.watched)


def test_nothing_without_a_trajectory(easy):
    with pytest.raises(NotApplicable, match="trajectory"):
        overfitting(Evidence(easy.task, None, easy.many, easy.scores))
