import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import log_loss

from byheart.diagnosis.calibration import (
    answers,
    bins_of,
    calibration_error,
    chance,
    expected_calibration_error,
    negative_log_likelihood,
    over_confidence,
    probabilities,
)


def data(n: int, classes: int = 4, seed: int = 0):
    random = np.random.default_rng(seed)
    return random.normal(0, 3, (n, classes)), random.integers(0, classes, n)


def test_probabilities_and_likelihood_against_scipy_and_scikit_learn():
    logits, y = data(200)
    p = softmax(logits, axis=1)
    assert np.allclose(probabilities(logits), p)
    assert negative_log_likelihood(logits, y).mean() == pytest.approx(log_loss(y, p, labels=range(4)))
    assert np.isfinite(negative_log_likelihood(1e4 * logits, y)).all()
    confidence, right = answers(logits, y)
    assert np.allclose(confidence, p.max(1)) and np.array_equal(right, p.argmax(1) == y)


@given(st.integers(0, 1000), st.integers(1, 400))
def test_the_error_in_bins_of_equal_width_against_a_loop(seed, n):
    confidence, right = answers(*data(n, seed=seed))
    slow = 0.0
    for k in range(15):
        inside = [i for i in range(n) if k / 15 < confidence[i] <= (k + 1) / 15]
        if inside:
            slow += len(inside) / n * abs(np.mean(right[inside]) - np.mean(confidence[inside]))
    assert expected_calibration_error(confidence, right, "width") == pytest.approx(slow)


def test_the_error_in_bins_of_equal_mass_against_a_loop():
    confidence, right = answers(*data(600))
    slow = sum(
        len(rows) / 600 * abs(right[rows].mean() - confidence[rows].mean())
        for rows in np.array_split(np.argsort(confidence), 15)
    )
    assert expected_calibration_error(confidence, right) == pytest.approx(slow, abs=1e-12)


def test_bins_of_equal_mass_are_fewer_for_few_examples_and_hold_equal_values_together():
    random = np.random.default_rng(0)
    assert len(np.unique(bins_of(random.random(40)))) == 2
    assert len(np.unique(bins_of(random.random(19)))) == 1
    counts = np.bincount(bins_of(random.random(900)))
    assert len(counts) == 15 and np.ptp(counts) <= 1
    assert len(np.unique(bins_of(np.ones(500)))) == 1


@given(st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(seed):
    random = np.random.default_rng(seed)
    confidence = random.choice([0.5, 0.7, 0.9, 1.0], 90)  # many ties
    right, order = random.random(90) < 0.8, random.permutation(90)
    one, two = calibration_error("e", confidence, right), calibration_error("e", confidence[order], right[order])
    assert one.text == two.text
    assert np.allclose([one.value, one.low, one.high], [two.value, two.low, two.high])


def test_a_perfect_and_a_sure_but_wrong_network():
    sure = np.ones(100)
    assert calibration_error("e", sure, np.ones(100, bool)).value == 0
    wrong = calibration_error("e", sure, np.zeros(100, bool))
    assert (wrong.value, wrong.low, wrong.high) == (1, 1, 1)
    assert over_confidence("o", sure, np.zeros(100, bool)).value == 1


@pytest.mark.parametrize(("name", "shift"), [("calibrated", 0.0), ("over", 0.2)])
@pytest.mark.parametrize("n", [40, 200])
def test_the_interval_covers_the_true_error_where_the_bootstrap_does_not(name, shift, n):
    """The truth is that of the bins drawn, over 20,000 others. 300 draws: .925 is 2 standard errors below .95."""
    random = np.random.default_rng(1)
    law = lambda size: 0.1 + 0.9 * random.beta(5, 1.5, size)  # noqa: E731
    many, inside, values = law(20_000), [], []
    for _ in range(300):
        confidence = law(n)
        right = random.random(n) < np.clip(confidence - shift, 0, 1)
        edges = np.sort(confidence)[np.flatnonzero(np.diff(np.sort(bins_of(confidence))))]
        place = np.searchsorted(edges, many, side="left")
        truth = np.abs(np.bincount(place, np.clip(many - shift, 0, 1) - many)).sum() / len(many)
        found = calibration_error("e", confidence, right)
        inside.append(found.low <= truth <= found.high)
        values.append(found.value - truth)
    assert np.mean(inside) >= 0.925
    if name == "calibrated":  # what is above the truth there is chance, as the text says
        assert np.mean(values) > 0.02


def test_what_chance_would_make_against_drawn_answers():
    random = np.random.default_rng(2)
    confidence = 0.1 + 0.9 * random.beta(5, 1.5, 400)
    drawn = [expected_calibration_error(confidence, random.random(400) < confidence) for _ in range(800)]
    assert chance(confidence, bins_of(confidence)) == pytest.approx(np.mean(drawn), rel=0.06)


def test_over_confidence_is_below_the_error():
    confidence, right = answers(*data(300))
    found = over_confidence("o", confidence, right)
    assert found.value == pytest.approx((confidence - right).mean())
    assert abs(found.value) <= expected_calibration_error(confidence, right) + 1e-12


def test_too_few_examples_are_not_measured():
    assert not calibration_error("e", np.ones(1), np.ones(1, bool)).measured
