import math

import numpy as np
import pytest

from byheart.diagnosis.check import Evidence
from byheart.diagnosis.classes import class_table, group_table

from .conftest import Columns, clouds, scores_of


def test_one_row_per_class(noisy):
    rows = class_table(noisy.evidence)
    assert [r.name for r in rows] == [str(k) for k in range(10)]
    assert sum(r.train for r in rows) == len(noisy.task.train)
    assert sum(r.test for r in rows) == len(noisy.task.test)
    memorization = noisy.scores.columns["memorization"]
    assert sum(r.memorized for r in rows) == (memorization >= 0.25).sum()
    for r in rows:
        assert r.accuracy_low <= r.accuracy <= r.accuracy_high
        assert r.share_low <= r.share <= r.share_high
    right = noisy.run["final_test_logits"].argmax(1) == noisy.task.test.targets
    assert rows[3].accuracy == pytest.approx(right[noisy.task.test.targets == 3].mean())


def test_groups_have_rows_where_they_were_given(easy):
    assert group_table(easy.evidence) == ()
    task = clouds(groups=True)
    run = Columns(test_correct=(task.test.groups == "most")[None].astype(float))
    rows = group_table(Evidence(task, run, None, scores_of(task, run, memorization=np.ones(120))))
    assert [(r.name, r.accuracy, r.share, r.train) for r in rows] == [("few", 0, 1, 24), ("most", 1, 1, 96)]


def test_regression_has_no_classes_and_losses_by_group(line):
    import dataclasses

    assert class_table(line.evidence) == ()
    parts = {
        p: dataclasses.replace(getattr(line.task, p), groups=np.full(len(getattr(line.task, p)), "all"))
        for p in ("train", "validation", "test")
    }
    (row,) = group_table(dataclasses.replace(line.evidence, task=dataclasses.replace(line.task, **parts)))
    assert math.isnan(row.accuracy)
    assert row.loss == pytest.approx(float(line.run["test_loss"][-1].mean()), rel=1e-3)


def test_without_a_run_there_are_counts():
    task = clouds()
    rows = class_table(Evidence(task, None, None, scores_of(task)))
    assert [r.train for r in rows] == [40, 40, 40]
    assert math.isnan(rows[0].accuracy) and math.isnan(rows[0].share)
