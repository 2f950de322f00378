"""Which of a set of copies stays, by hand."""

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.controls.deduplicate import Deduplicate, kept_of

Y = np.array([0, 1, 1, 0, 2, 2])
P = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2], [np.nan] * 3, [np.nan] * 3, [0.1, 0.1, 0.8]])


@pytest.mark.parametrize(
    ("members", "probabilities", "kept"),
    [
        ([0, 1, 2], None, 1),  # the majority, the first of it
        ([2, 1, 0], None, 1),  # whatever their order
        ([0, 1, 2], P, 1),  # a majority needs no belief
        ([0, 3], None, 0),  # no conflict
        ([0, 1], None, None),  # a tie that nobody can decide
        ([0, 2], P, 2),  # mean belief .35 in 0, .45 in 1
        ([0, 1, 2, 3], P, 1),  # rows 0 to 2 are known: 0 has .27, 1 has .37
        ([3, 4], P, None),  # nothing is known of either
        ([0, 4], P, 0),  # row 0 alone is known: .5 to .2
        ([0, 1, 4], P, 4),  # rows 0 and 1 are known: .3, .25, and .45 for the label of row 4
    ],
)
def test_kept_of(members, probabilities, kept):
    assert kept_of(np.array(members), Y, probabilities) == kept


def test_targets_of_a_regression_count_as_labels():
    assert kept_of(np.array([0, 1, 2]), np.array([0.5, 0.25, 0.25])) == 1
    assert kept_of(np.array([0, 1]), np.array([0.5, 0.25])) is None


def test_the_copies_go_and_the_kept_one_stays(table):
    action = Deduplicate((4, None), ((2, 3), (8, 9)))
    assert action.ids == (2, 3, 8, 9) and action.apply(table).train.ids.tolist() == [0, 1, 4, 5, 6, 7]
    assert action.says == "leave 4 copies out, keep one of each set, of 1 none"
    assert Deduplicate((4,), ((2,),)).says == "leave 1 copy out, keep one of each set"


def test_what_is_refused(table):
    for keep, drop, said in (
        ((1,), ((2,), (3,)), "do not match"),
        ((1,), ((1, 2),), "1 is given twice"),
        ((1, 2), ((3,), (3,)), "3 is given twice"),
        ((1,), ((),), "nothing to deduplicate"),
        ((), (), "nothing to deduplicate"),
    ):
        with pytest.raises(UsageError, match=said):
            Deduplicate(keep, drop)
    for action in (Deduplicate((77,), ((1,),)), Deduplicate((1,), ((77,),))):
        with pytest.raises(UsageError, match="not among the training examples"):
            action.apply(table)
