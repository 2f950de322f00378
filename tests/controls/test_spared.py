"""Which examples a bad verdict takes under its protection."""

import dataclasses

import numpy as np

from byheart.controls.spared import evidence_of, spared
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.groups import weakest


def without_scores(audit):
    columns = {k: v for k, v in audit.scores.columns.items() if k != "memorization"}
    return dataclasses.replace(audit, scores=dataclasses.replace(audit.scores, columns=columns))


def test_nobody_unless_the_verdict_is_bad(judged):
    assert spared(judged).shape == (len(judged.task.train),) and not spared(judged).any()


def test_the_memorized_and_the_weakest_group(bad):
    train = bad.task.train
    weak = weakest(evidence_of(bad), "group")
    assert weak in ("low", "high")
    wanted = (bad.scores["memorization"] >= 0.25) | (train.groups == weak)
    np.testing.assert_array_equal(spared(bad), wanted)
    np.testing.assert_array_equal(spared(without_scores(bad)), train.groups == weak)


def test_where_it_is_suspected_only_the_weakest_class(bad):
    suspected = dataclasses.replace(bad, verdict=dataclasses.replace(bad.verdict, kind="suspected"))
    weak = weakest(evidence_of(suspected), "class")
    named, task = spared(without_scores(suspected)), bad.task
    label = str(weak)
    classes = np.array(task.class_names)[task.train.targets]
    np.testing.assert_array_equal(named, classes == label)
    assert named.any() and not named.all()


def test_the_exceptions_that_findings_name_and_no_others(bad):
    ids = bad.task.train.ids
    alone = dataclasses.replace(
        without_scores(bad),
        task=dataclasses.replace(bad.task, train=dataclasses.replace(bad.task.train, groups=None)),
        findings=tuple(
            Finding(code, "", "note", ids[rows], len(ids), "", "", {})
            for code, rows in (("MEM001", [1, 2]), ("MEM008", [5, 9]), ("MEM009", [9, 30]))
        ),
    )
    assert np.flatnonzero(spared(alone)).tolist() == [5, 9, 30]
