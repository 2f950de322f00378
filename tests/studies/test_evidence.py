import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.diagnosis.uncertainty import Interval
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.evidence import Finding, answers, judged, shown, verdict
from byheart.studies.study import Reading, Row, Study


def found(value, *, when="", control=None, line=1.0):
    against = None if control is None else Interval(control, control, control)
    return Finding(at_least("v", line, "it", when=when), Interval(value, value, value), (value,), against)


def test_all_met_holds():
    assert verdict([found(1.0), found(2.0)]) == ("holds", "")


def test_one_missed_fails_and_says_which():
    word, condition = verdict([found(1.0), found(0.5)])
    assert word == "fails"
    assert "0.500, wanted at least 1" in condition


@pytest.mark.parametrize(
    ("early", "late", "word"), [(2, 2, "holds"), (2, 0, "depends"), (0, 2, "depends"), (0, 0, "fails")]
)
def test_conditions(early, late, word):
    got, condition = verdict([found(early, when="early on"), found(late, when="late")])
    assert got == word
    if word == "depends":
        assert condition.startswith("holds early on, not late" if early else "holds late, not early on")


def test_a_condition_that_the_control_meets_does_not_count():
    word, condition = verdict([found(2, when="early on", control=0), found(2, when="late", control=2)])
    assert word == "depends"
    assert condition.startswith("holds early on, not late: there the negative control")


def test_what_is_always_asked_decides_before_conditions():
    assert verdict([found(0.0), found(2.0, when="late")])[0] == "fails"


def test_a_positive_control_undoes_the_claim():
    assert verdict([found(2.0, control=2.0)])[0] == "fails"
    assert verdict([found(2.0, control=0.0)])[0] == "holds"
    assert verdict([found(2.0, control=2.0), found(2.0, control=0.0)])[0] == "holds"  # it misses one of them
    assert verdict([found(2.0, control=2.0), found(2.0)])[0] == "fails"  # what it does not measure does not save it


@given(st.lists(st.tuples(st.floats(-2, 2), st.sampled_from(["", "a", "b"]), st.none() | st.floats(-2, 2)), min_size=1))
def test_the_word_is_one_of_three_and_only_holds_is_silent(values):
    word, condition = verdict([found(v, when=w, control=c) for v, w, c in values])
    assert (word == "holds") == (condition == "")
    if word == "holds":
        assert all(v >= 1 for v, _, _ in values)


def study(row):
    return Study("s", lambda lab: Reading({}), (row,), lambda lab: Reading({}), 1.0)


def test_a_row_is_judged_over_seeds_against_its_own_control():
    row = Row("A01", (above("gain", 0.0, "gain"), at_most("cost", 1.0, "cost")))
    seeds = [Reading({"gain": v, "cost": 0.5}) for v in (1.0, 1.1, 0.9)]
    shared = Reading({"gain": 5.0, "A01/gain": 0.0})
    assert judged(study(row), row, seeds, [shared] * 3).word == "holds"  # its own answer counts, not the shared one
    assert judged(study(row), row, seeds, [Reading({"gain": 5.0})] * 3).word == "fails"
    assert judged(study(row), row, seeds, [Reading({})] * 3).findings[0].control is None


def test_answers_for_other_rows_are_not_heard():
    row = Row("A01", (above("gain", 0.0, "gain"),))
    assert answers(Reading({"B02/gain": 3.0, "gain": 1.0}), row) == {"gain": 1.0}
    assert answers(Reading({"A01/cost": 3.0, "gain": 1.0}), row) == {"cost": 3.0}


def test_a_seed_without_the_number_meets_nothing():
    row = Row("A01", (at_least("gain", 0.0, "gain"),))
    seeds = [Reading({"gain": 1.0}), Reading({"gain": math.nan})]
    assert judged(study(row), row, seeds, []).word == "fails"


def test_numbers_are_shown_as_short_as_they_can_be():
    assert shown(Interval(1.0, 1.0, 1.0)) == "1.000"
    assert shown(Interval(0.5, 0.4, 0.6)) == "0.500 [0.400, 0.600]"
    assert shown(Interval(1234.5, 1200, 1300)) == "1,234 [1,200, 1,300]"
    assert shown(Interval(1.2e-7, 1e-7, 1.4e-7)) == "1.2e-07"
    assert shown(Interval(math.nan, math.nan, math.nan)) == "unknown"
