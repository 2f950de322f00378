from __future__ import annotations

import re

import pytest

from byheart.diagnosis.verdict import Measure, missing
from byheart.reports import intervals

SHARE = Measure("share", 0.10, 0.01, 0.08, 0.12, 100, "10 of 100", kind="share")
WORTH = Measure("utility", -0.05, 0.02, -0.09, -0.01, 5, "5 pairs")
RATIO = Measure("complexity", 4.0, 0.5, 3.0, 5.0, 5, "of the twin's", kind="ratio")


def test_the_axis_holds_every_interval_and_zero() -> None:
    low, high, step = intervals.span([SHARE, WORTH, RATIO])
    assert low <= -9 and high >= 12 and low <= 0 <= high
    assert (low / step).is_integer() and (high / step).is_integer()


def test_an_interval_is_drawn_where_it_lies() -> None:
    row = intervals.rows([SHARE, WORTH])[0]
    low, high, _ = intervals.span([SHARE, WORTH])
    place = float(re.search(r'cx="([\d.]+)%"', row["drawing"]).group(1))
    assert low + place / 100 * (high - low) == pytest.approx(10, abs=0.01)
    ends = re.search(r'class="interval" x1="([\d.]+)%" x2="([\d.]+)%"', row["drawing"]).groups()
    assert [low + float(e) / 100 * (high - low) for e in ends] == pytest.approx([8, 12], abs=0.01)


def test_what_is_no_share_has_no_place_on_the_axis() -> None:
    rows = intervals.rows([RATIO, missing("twin", "a larger budget")])
    assert all("circle" not in row["drawing"] for row in rows)
    assert rows[0]["shown"] == "4.000 ± 1.000"


def test_what_was_not_measured_says_what_would_measure_it() -> None:
    row = intervals.rows([missing("utility", "a larger --budget")])[0]
    assert row["shown"] == "not measured" and "a larger --budget" in row["text"] and not row["measured"]


def test_a_sign_says_how_it_reads() -> None:
    row = intervals.rows([WORTH])[0]
    assert row["shown"] == "−5.0 ± 4.0 points"
    assert row["text"].endswith("training without them helps")
