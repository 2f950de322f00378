import numpy as np
import pytest
from scipy.optimize import curve_fit

from byheart.controls.learning_curve import LearningCurve, learning_curve, power_law

SIZES = np.array([50.0, 100.0, 200.0, 400.0, 800.0, 1600.0])


@pytest.mark.parametrize(("a", "b", "c"), [(2.0, 0.5, 0.05), (8.0, 1.0, 0.0), (1.0, 0.2, 0.1), (100.0, 1.7, 0.02)])
def test_a_law_without_noise_is_found_exactly(a, b, c):
    found = power_law(SIZES, (a * SIZES**-b + c)[None])[0]
    np.testing.assert_allclose(found, [a, b, c], rtol=2e-3, atol=1e-4)


def test_the_fit_is_no_worse_than_scipys():
    random = np.random.default_rng(0)
    for _ in range(20):
        a, b, c = random.uniform(0.5, 5), random.uniform(0.2, 1.2), random.uniform(0, 0.2)
        errors = np.clip(a * SIZES**-b + c + random.normal(0, 0.01, 6), 0, None)
        loss = lambda p: ((p[0] * SIZES ** -p[1] + p[2] - errors) ** 2).sum()  # noqa: E731, B023
        law = lambda n, a, b, c: a * n**-b + c  # noqa: E731
        reference, _ = curve_fit(law, SIZES, errors, (1, 0.5, 0.05), bounds=([0, 0.02, 0], [np.inf, 4, 1]), maxfev=9999)
        assert loss(power_law(SIZES, errors[None])[0]) <= loss(reference) * 1.0001 + 1e-12


def test_many_draws_at_once():
    errors = np.stack([2 * SIZES**-0.5 + 0.05, 3 * SIZES**-0.8])
    np.testing.assert_array_equal(power_law(SIZES, errors), np.concatenate([power_law(SIZES, e[None]) for e in errors]))


def wrongs(a, b, c, seeds=5, rows=2000, seed=0):
    """Wrong answers (sizes, seeds, rows) of networks whose error follows the law."""
    random = np.random.default_rng(seed)
    rate = a * SIZES**-b + c
    return (random.random((len(SIZES), seeds, rows)) < rate[:, None, None]).astype(float)


def test_planted_parameters_are_recovered_within_their_intervals():
    a, b, c = 3.0, 0.6, 0.04
    held = np.zeros(3)
    for seed in range(20):
        curve = learning_curve("", SIZES, wrongs(a, b, c, seed=seed), draws=100)
        assert not curve.reason and curve.explained > 0.95
        held += [i.low <= v <= i.high for i, v in zip((curve.a, curve.b, curve.c), (a, b, c), strict=True)]
    assert (held >= 16).all()  # of 20; few seeds make the bootstrap a little narrow
    assert curve.at(3200) == pytest.approx(a * 3200**-b + c, abs=0.01)


def test_what_twice_as_many_would_bring():
    curve = learning_curve("x", SIZES, wrongs(3.0, 0.6, 0.04))
    true = 3.0 * (1600**-0.6 - 3200**-0.6)
    assert curve.doubled.low <= true <= curve.doubled.high
    assert curve.doubled.value == pytest.approx(curve.at(1600) - curve.at(3200))
    assert curve.label == "x" and curve.sizes == tuple(SIZES.astype(int))


def test_three_sizes_are_too_few():
    curve = learning_curve("", SIZES[:3], wrongs(3.0, 0.6, 0.04)[:3])
    assert "too few" in curve.reason and curve.a is None and np.isnan(curve.at(100))


def test_an_error_that_does_not_fall_has_no_law():
    random = np.random.default_rng(0)
    flat = (random.random((6, 3, 300)) < 0.2).astype(float)
    assert "explains" in learning_curve("", SIZES, flat).reason
    rising = wrongs(3.0, 0.6, 0.04)[::-1]
    assert learning_curve("", SIZES, rising).reason
    assert learning_curve("", SIZES, np.zeros((6, 3, 10))).reason


def test_an_error_that_falls_at_once_has_no_law():
    values = np.full((6, 3, 100), 0.1)
    values[0] = 0.9
    assert "at once" in learning_curve("", SIZES, values).reason


def test_an_error_that_falls_with_the_logarithm_has_no_power():
    values = np.broadcast_to((10 - 0.1 * np.log(SIZES / 40))[:, None, None], (6, 3, 50)).copy()
    assert "too slowly" in learning_curve("", SIZES, values).reason


def test_sizes_at_which_everything_diverged_are_left_out():
    values = wrongs(3.0, 0.6, 0.04)
    values[1] = np.nan
    curve = learning_curve("", SIZES, values)
    assert not curve.reason and 100 not in curve.sizes and len(curve.sizes) == 5


def test_seeds_that_diverged_are_left_out():
    values = wrongs(3.0, 0.6, 0.04)
    gap = values.copy()
    gap[2, 0] = np.nan
    curve = learning_curve("", SIZES, gap)
    assert curve.errors[2] == pytest.approx(values[2, 1:].mean())
    assert all(np.isfinite(curve.b))


def test_a_law_of_losses():
    random = np.random.default_rng(0)
    losses = (2 * SIZES**-0.4 + 0.3)[:, None, None] * random.gamma(50, 1 / 50, (6, 4, 200))
    curve = learning_curve("", SIZES, losses)
    assert curve.b.low <= 0.4 <= curve.b.high and curve.c.low <= 0.3 <= curve.c.high


def test_without_a_law_nothing_is_said_of_other_sizes():
    assert np.isnan(LearningCurve("", (1, 2), (0.1, 0.2), reason="none").at(5))
