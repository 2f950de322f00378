"""The summed loss against a sum, of the whole run and of its first third."""

import numpy as np
from hypothesis import given
from tests.scores.trajectory.traces import agrees, average, losses, seen_in

from byheart.scores.trajectory.cumulative_loss import cumulative_loss, cumulative_loss_early


@given(losses)
def test_they_equal_loops(traces):
    agrees(cumulative_loss(traces), traces, lambda trace: average(seen_in(trace)) * len(trace))
    third = max(1, len(traces) // 3)
    agrees(cumulative_loss_early(traces), traces, lambda trace: average(seen_in(trace[:third])) * third)


def test_where_nothing_was_missed_it_is_the_sum():
    loss = np.random.default_rng(0).exponential(size=(9, 50)).astype(np.float32)
    np.testing.assert_allclose(cumulative_loss(loss), loss.astype(np.float64).sum(0), rtol=1e-12)
    np.testing.assert_allclose(cumulative_loss_early(loss), loss[:3].astype(np.float64).sum(0), rtol=1e-12)


def test_a_missed_epoch_makes_nothing_look_easier():
    whole = np.full((6, 1), 2.0, np.float32)
    missed = whole.copy()
    missed[::2] = np.nan
    assert cumulative_loss(whole)[0] == cumulative_loss(missed)[0] == 12.0


def test_what_was_seen_late_only_has_no_early_value():
    late = np.array([[np.nan], [np.nan], [1.0]], np.float32)
    assert cumulative_loss(late)[0] == 3.0 and np.isnan(cumulative_loss_early(late)[0])
