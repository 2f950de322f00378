"""AUM against its definition."""

import pytest
from hypothesis import given
from tests.scores.trajectory.traces import agrees, average, margins, seen_in, unclassed

from byheart.base.errors import NotApplicable
from byheart.scores.trajectory.aum import aum


@given(margins)
def test_it_equals_a_loop(traces):
    agrees(aum(traces), traces, lambda trace: average(seen_in(trace)))


def test_without_classes_it_does_not_apply():
    with pytest.raises(NotApplicable, match="aum needs classes"):
        aum(unclassed())
