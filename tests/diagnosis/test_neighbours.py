import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.data.examples import Examples
from byheart.diagnosis.neighbours import content, dimension, nearest, others, points, sets_of, too_close

from .conftest import clouds


def test_nearest_is_the_slow_search():
    random = np.random.default_rng(0)
    base, queries = random.normal(size=(80, 5)).astype(np.float32), random.normal(size=(9, 5)).astype(np.float32)
    slow = np.sqrt(((queries[:, None] - base[None]) ** 2).sum(2))
    distances, rows = nearest(queries, base, 4)
    np.testing.assert_array_equal(rows, np.argsort(slow, 1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(slow, 1)[:, :4], rtol=1e-5)


def test_wide_inputs_are_measured_in_full_and_copies_are_found():
    random = np.random.default_rng(1)
    base = random.normal(size=(300, 400)).astype(np.float32)
    queries = base[:20] + 0.01
    distances, rows = nearest(queries, base, 5)
    np.testing.assert_array_equal(rows[:, 0], np.arange(20))
    np.testing.assert_allclose(distances[:, 0], 0.01 * 20, rtol=1e-3)
    assert (np.diff(distances, axis=1) >= 0).all()


def test_others_leaves_the_example_out_even_among_copies():
    x = np.repeat(np.random.default_rng(2).normal(size=(30, 3)), 2, 0).astype(np.float32)
    distances, rows = others(x, 3)
    assert (rows != np.arange(60)[:, None]).all()
    np.testing.assert_allclose(distances[:, 0], 0)


def test_dimension_of_a_cube_is_its_own():
    x = np.random.default_rng(3).random((3000, 4)).astype(np.float32)
    assert dimension(others(x)[0]) == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize("d", [2, 5, 12, 200])
def test_chance_pairs_are_not_called_copies(d):
    """Fewer than one in twenty data sets may hold a chance pair; ten are drawn for each dimension."""
    found = sum(
        int(too_close(others(np.random.default_rng(s).normal(size=(400, d)).astype(np.float32))[0]).any())
        for s in range(10)
    )
    assert found <= 2


@pytest.mark.parametrize("d", [5, 12, 200])
def test_near_copies_are(d):
    random = np.random.default_rng(4)
    x = random.normal(size=(400, d)).astype(np.float32)
    x[:10] = x[10:20] + 0.01 * random.normal(size=(10, d)).astype(np.float32)
    mask = too_close(others(x)[0])
    assert mask[:20].sum() >= 18
    assert mask[20:].sum() <= 1


def test_few_examples_have_no_surroundings():
    assert not too_close(others(np.random.default_rng(5).random((20, 3)).astype(np.float32))[0]).any()
    assert not too_close(np.zeros((100, 10))).any()


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_content_is_equal_where_bytes_are(kinds):
    rows = np.eye(4, dtype=np.float32)[kinds]
    found = content(Examples(rows, np.zeros(len(rows), int)))
    for i, a in enumerate(kinds):
        assert found[i] == kinds.index(a)


def test_minus_zero_is_zero():
    assert len(set(content(Examples(np.array([[0.0, 1], [-0.0, 1]], np.float32), np.array([0, 1]))))) == 1


def test_points_are_standardized():
    task = clouds()
    x = points(task, task.train)
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(0), 1, atol=1e-4)


def test_sets_join_what_is_paired():
    number = sets_of(5, np.array([[0, 1], [1, 2]]))
    assert number[0] == number[1] == number[2]
    assert len(set(number.tolist())) == 3


def test_a_grid_has_no_dimension_and_no_copies():
    distances, _ = others(np.eye(80, dtype=np.float32))
    assert np.isnan(dimension(distances)) and not too_close(distances).any()
