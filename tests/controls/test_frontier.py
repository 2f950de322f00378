import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from byheart.controls.frontier import membership, standard_error, undominated

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def slow(cost, worth):
    """Nobody is at least as good in both and better in one."""
    return [
        not any(
            c <= cost[k] and w >= worth[k] and (c < cost[k] or w > worth[k]) for c, w in zip(cost, worth, strict=True)
        )
        for k in range(len(cost))
    ]


@given(POINTS)
def test_the_frontier_against_its_definition(points):
    cost, worth = np.array(points, float).T
    assert undominated(cost, worth).tolist() == slow(cost, worth)


@given(POINTS)
def test_somebody_is_always_on_it(points):
    cost, worth = np.array(points, float).T
    there = undominated(cost, worth)
    assert there[worth.argmax()] or (there & (worth == worth.max())).any()
    assert there.any()


def test_what_is_not_known_is_on_no_frontier():
    there = undominated(np.array([0.1, np.nan, 0.5]), np.array([0.5, 1.0, np.nan]))
    assert there.tolist() == [True, False, False]


def test_many_frontiers_at_once():
    random = np.random.default_rng(0)
    cost, worth = random.random((2, 7, 5))
    np.testing.assert_array_equal(
        undominated(cost, worth), [undominated(c, w) for c, w in zip(cost, worth, strict=True)]
    )


def test_sure_and_unsure_members():
    random = np.random.default_rng(0)
    right = lambda p: (random.random((3, 200)) < p).astype(float)  # noqa: E731
    worth = np.stack([right(0.9), right(0.9), right(0.6)])
    memorized = np.array([[0.1, 0.12, 0.11], [0.1, 0.12, 0.11], [0.5, 0.5, 0.5]])
    p = membership(memorized, np.zeros(3), worth)
    assert p[2] == 0 and 0.1 < p[0] < 1 and 0.1 < p[1] < 1  # equal twins: now the one is ahead, now the other
    assert abs(p[0] + p[1] - 1) < 0.2
    better = membership(np.array([[0.1] * 3, [0.1] * 3, [0.01] * 3]), np.zeros(3), worth)
    assert better[2] == 1  # nobody memorizes less


def test_a_share_that_was_measured_once_is_drawn_with_its_error():
    worth = np.ones((2, 3, 10))
    memorized = np.array([[0.2] * 3, [0.21] * 3])
    assert membership(memorized, np.zeros(2), worth).tolist() == [1.0, 0.0]
    p = membership(memorized, np.full(2, 0.1), worth)
    assert 0.35 < p[1] < 0.65


def test_errors_from_intervals():
    assert abs(standard_error(0.1, 0.1 + 2 * 1.959963984540054 * 0.05) - 0.05) < 1e-12
    assert standard_error(np.nan, 1.0) == 0
