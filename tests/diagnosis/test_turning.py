import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.diagnosis.turning import drop, peak, smooth, turn, turning_epoch, width

from .conftest import Columns


def held(epochs: int = 40, rows: int = 200, bottom: int = 9, seed: int = 0) -> Columns:
    """Validation and test loss of V shape with the least at epoch `bottom`, accuracy the other way round."""
    random = np.random.default_rng(seed)
    curve = 0.4 + 0.02 * np.abs(np.arange(1, epochs + 1) - bottom)
    level = 0.95 - 0.004 * np.abs(np.arange(1, epochs + 1) - bottom)
    noise = random.normal(0, 0.1, (2, rows))
    ease = random.random((2, rows))
    parts = {}
    for k, name in enumerate(("validation", "test")):
        parts[f"{name}_loss"] = (curve[:, None] + noise[k]).astype(np.float32)
        parts[f"{name}_correct"] = (ease[k] < level[:, None]).astype(np.float16)
    return Columns(**parts)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=120))
def test_smoothing_is_the_mean_of_the_window_that_exists(series):
    array, half = np.array(series), width(len(series)) // 2
    expected = [array[max(i - half, 0) : i + half + 1].mean() for i in range(len(array))]
    np.testing.assert_allclose(smooth(array), expected, atol=1e-9)


def test_windows_are_odd_and_grow():
    assert [width(e) for e in (1, 29, 30, 60, 150)] == [1, 1, 3, 5, 11]


def test_the_turn_is_the_minimum_of_the_smoothed_validation_loss():
    run = held(bottom=9)
    assert turning_epoch(run) == 9
    found = turn(run)
    assert found.epoch == 9
    assert found.turned
    assert found.rise.value == pytest.approx(0.02 * 30, abs=0.03)


def test_one_lucky_epoch_is_no_turn():
    run = held(epochs=60, bottom=20)
    run.arrays["validation_loss"][40] -= 0.45  # below the minimum at 20 by itself, not with its neighbours
    assert abs(turning_epoch(run) - 20) <= 1


def test_a_loss_that_still_falls_has_not_turned():
    found = turn(held(bottom=40))
    assert not found.turned
    assert "still" in found.text


def test_the_fall_is_read_on_rows_that_did_not_choose_its_peak():
    run = held(epochs=60, rows=600, bottom=10)
    measure = drop(run)
    assert abs(peak(run) - 10) <= 8
    assert measure.least > 0
    assert measure.low < measure.value < measure.high
    assert measure.value == pytest.approx(0.004 * 46, abs=0.06)
    assert measure.n == 1200


def test_noise_alone_does_not_fall():
    """A peak chosen and read on the same rows is biased upwards; on other rows it is not."""
    values = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        rows = {f"{n}_correct": (random.random((60, 100)) < 0.8).astype(np.float16) for n in ("validation", "test")}
        values.append(drop(Columns(**rows)))
    mean = np.mean([m.value for m in values])
    assert abs(mean) < 3 * np.std([m.value for m in values]) / np.sqrt(40)
    assert sum(m.least > 0 for m in values) <= 5


def test_each_half_is_read_at_the_peak_of_the_other():
    run = held(epochs=20, rows=50, bottom=9)
    run.arrays["validation_correct"][:] = 0
    run.arrays["validation_correct"][4] = 1
    run.arrays["test_correct"][:] = 0
    run.arrays["test_correct"][11] = 1
    assert (peak(run), peak(run, "test")) == (5, 12)
    assert drop(run).value == 0  # neither part is at its best where the other is


def test_for_regression_a_rising_loss_is_the_fall():
    run = held(bottom=9)
    run.classes = 0
    assert peak(run) == turning_epoch(run)
    assert drop(run).value > 0.5


def test_epochs_without_numbers_are_left_out():
    run = held(bottom=9)
    run.arrays["validation_loss"][20:] = np.nan
    assert turning_epoch(run) == 9
    run.arrays["validation_loss"][:] = np.nan
    assert turning_epoch(run) == 1
