"""The margin of the first third against a loop."""

import numpy as np
import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, average, margins, seen_in, unclassed

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.aum import aum
from byheart.scores.trajectory.early_margin import early_margin


@given(margins)
def test_it_equals_a_loop(traces):
    third = max(1, len(traces) // 3)
    agrees(early_margin(traces), traces, lambda trace: average(seen_in(trace[:third])))


def test_a_label_learned_late_is_below_zero_early_and_above_it_on_the_whole():
    swings = np.array([[-4.0], [-3.0], [5.0], [6.0], [7.0], [8.0]], np.float32)
    assert early_margin(swings)[0] == -3.5 and aum(swings)[0] > 0


def test_without_classes_it_does_not_apply():
    with pytest.raises(NotApplicable, match="early_margin needs classes"):
        early_margin(unclassed())
