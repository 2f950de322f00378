"""The loss at the last presentation against a loop."""

import math

from hypothesis import given
from tests.scores.trajectory.traces import agrees, losses, seen_in

from byheart.scores.trajectory.final_loss import final_loss


@given(losses)
def test_it_equals_a_loop(traces):
    agrees(final_loss(traces), traces, lambda trace: seen_in(trace)[-1] if seen_in(trace) else math.nan)
