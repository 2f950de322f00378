import dataclasses

import numpy as np
import pytest

from byheart.diagnosis.group_metrics import group_metrics
from byheart.diagnosis.measure import Measure, missing
from byheart.reports import groups


def test_classes_are_always_there_and_groups_where_they_are_given(pictures, regression):
    (classes,) = groups.section(pictures)
    assert classes["title"] == "Classes" and len(classes["lines"]) == 10 and not classes["folded"]
    assert all(len(line) == len(classes["heads"]) for line in classes["lines"])
    assert groups.section(regression) == [] or groups.section(regression)[0]["title"] == "Groups"


def test_the_numbers_are_those_of_the_network(pictures):
    run, task = pictures.scores.run, pictures.task
    truth = group_metrics(np.asarray(run["final_test_logits"], float), task.test.targets, task.test.targets.astype(str))
    (table,) = groups.section(pictures)
    for line, row in zip(table["lines"], truth.rows, strict=True):
        assert line[3].startswith(f"{100 * row.accuracy.value:.1f} %")
        assert line[5:] == [groups.brief(m) for m in (row.over_confidence, row.nll, row.ece)]
    average = (np.asarray(run["final_test_logits"]).argmax(1) == task.test.targets).mean()
    assert f"Average accuracy on test examples {100 * average:.1f} %" in table["text"]


def test_long_tables_are_folded(pictures):
    many = tuple(dataclasses.replace(pictures.classes[0], name=str(k)) for k in range(groups.OPEN + 1))
    assert groups.table(pictures, "class", "Classes", many)["folded"]


def test_without_a_run_there_are_counts_and_no_calibration(pictures):
    bare = dataclasses.replace(pictures, scores=dataclasses.replace(pictures.scores, run=None))
    (table,) = groups.section(bare)
    assert table["text"] == "" and table["heads"][-1] == "memorized"


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure("a", 0.031, 0.01, 0.011, 0.051, 9, kind="points"), "3.1 [1.1, 5.1]"),
        (Measure("a", 0.031, 0.01, 0.011, 0.051, 9, kind="loss"), "0.031 [0.011, 0.051]"),
        (missing("a", "groups"), "–"),
    ],
)
def test_cells_are_narrow(measure, text):
    assert groups.brief(measure) == text
