"""Equal to cleanlab, number by number and flag by flag."""

import warnings

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.scores.subset import confident_learning as ours

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # cleanlab warns about packages it could use
    count = pytest.importorskip("cleanlab.count")
    filter_ = pytest.importorskip("cleanlab.filter")
    rank = pytest.importorskip("cleanlab.rank")


def probabilities(seed: int, n: int, classes: int, sharpness: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Random softmax rows that mostly agree with labels of which a share is wrong."""
    g = np.random.default_rng(seed)
    true = g.choice(classes, n, p=g.dirichlet(np.full(classes, 2.0)))
    logits = g.normal(size=(n, classes)) + sharpness * np.eye(classes)[true]
    p = np.exp(logits - logits.max(1, keepdims=True))
    given = np.where(g.random(n) < noise, g.integers(0, classes, n), true)
    return p / p.sum(1, keepdims=True), given


SIZES = [(30, 2), (200, 3), (500, 10), (2000, 10), (400, 15), (60, 12), (3000, 40)]
CASES = [
    (seed, n, classes, sharpness, noise)
    for seed, (n, classes) in enumerate(SIZES)
    for sharpness, noise in [(0.5, 0.1), (3.0, 0.1), (3.0, 0.4), (8.0, 0.02)]
]


@pytest.mark.parametrize("case", CASES)
def test_thresholds_joint_scores_and_flags_equal_cleanlabs(case):
    p, labels = probabilities(*case)
    present = np.unique(labels)
    np.testing.assert_allclose(ours.thresholds(p, labels), count.get_confident_thresholds(labels, p), atol=1e-12)
    np.testing.assert_array_equal(
        ours.confident_counts(p, labels), count.compute_confident_joint(labels, p, calibrate=False)
    )
    np.testing.assert_array_equal(ours.calibrated_counts(p, labels), count.compute_confident_joint(labels, p))
    np.testing.assert_allclose(ours.joint(p, labels), count.estimate_joint(labels, p), atol=1e-12)
    with warnings.catch_warnings():
        if (np.bincount(labels, minlength=p.shape[1]) <= 1).any():
            warnings.simplefilter("ignore")  # it warns about classes with one example
        theirs = filter_.find_label_issues(labels, p, n_jobs=1)
    np.testing.assert_array_equal(ours.label_errors(p, labels), theirs)
    assert len(present) >= 2
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        theirs = rank.get_label_quality_scores(labels, p, method=method)
        np.testing.assert_allclose(getattr(ours, method)(p, labels), theirs, atol=1e-9)


def test_certain_predictions_equal_cleanlabs():
    p = np.repeat(np.eye(3), 5, axis=0)
    labels = np.array([0] * 4 + [1] * 6 + [2] * 5)
    np.testing.assert_array_equal(ours.label_errors(p, labels), filter_.find_label_issues(labels, p, n_jobs=1))
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        theirs = rank.get_label_quality_scores(labels, p, method=method)
        np.testing.assert_allclose(getattr(ours, method)(p, labels), theirs, atol=1e-9)


def test_confident_learning_is_the_margin_of_the_mean_probabilities(evidence):
    found = ours.confident_learning(evidence["member"], evidence["many_logits"], evidence["targets"])
    out = ~evidence["member"][:, 3]
    p, y = evidence["p"][out, 3].mean(0), evidence["targets"][3]
    assert found[3] == pytest.approx((p[y] - np.delete(p, y).max() + 1) / 2)
    assert np.isnan(found[0])


def test_regression_does_not_apply(evidence):
    with pytest.raises(NotApplicable):
        ours.confident_learning(evidence["member"], evidence["many_logits"], evidence["targets"].astype(np.float32))
