import dataclasses

import numpy as np

import byheart as bh
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem002_duplicates import differing, duplicates, twins

from .conftest import clouds, scores_of


def repeated(rows: list[int], labels: list[int], shift: float = 0.0):
    """Clouds with copies of `rows` added under `labels`."""
    task = clouds()
    x = np.concatenate([task.train.inputs, task.train.inputs[rows] + np.float32(shift)])
    return dataclasses.replace(
        task, train=(x, np.concatenate([task.train.targets, labels])), validation=task.validation
    )


def found_in(task):
    return duplicates(Evidence(task, None, None, scores_of(task)))


def test_planted_copies_are_found(noisy):
    found = duplicates(noisy.evidence)
    hit = np.isin(noisy.task.train.ids, found.ids)
    planted = noisy.task.truth["duplicate"]
    near = noisy.task.truth["near_duplicate"]
    assert hit[planted & ~near].all()
    assert hit[near].mean() >= 0.75
    originals = noisy.task.truth["duplicate_of"]
    expected = planted.copy()
    expected[originals[originals >= 0]] = True
    assert expected[hit].mean() > 0.9
    assert found.severity == "warn"


def test_conflicting_copies_come_first(noisy):
    found = duplicates(noisy.evidence)
    torn = found.table["conflict"]
    assert torn.any() and not torn.all()
    assert (np.diff(torn.astype(int)) <= 0).all()
    conflicting = noisy.task.train.ids[noisy.task.truth["conflicting_duplicate"]]
    assert np.isin(conflicting, found.ids[torn]).all()


def test_clouds_hold_no_copies(easy):
    assert duplicates(easy.evidence) is None


def test_three_of_a_kind_are_one_set():
    task = repeated([4, 4, 7], [1, 1, 1])
    found = found_in(task)
    assert found.count == 5
    assert found.severity == "note"
    assert not found.table["conflict"].any()
    number = dict(zip(found.ids.tolist(), found.table["group"].tolist(), strict=True))
    assert number[4] == number[120] == number[121] != number[7] == number[122]
    assert set(found.table["kind"]) == {"exact"}
    assert set(found.table["distance"]) == {0.0}
    assert "2 sets of copies: 5 exact, 0 near" in found.evidence


def test_a_near_copy_is_near():
    found = found_in(repeated([4, 7], [1, 2], shift=0.001))
    assert set(found.ids.tolist()) == {4, 7, 120, 121}
    assert set(found.table["kind"]) == {"near"}
    assert (found.table["distance"] > 0).all()
    assert sorted(found.table["conflict"].tolist()) == [False, False, True, True] or found.table["conflict"].any()
    pair = dict(zip(found.ids.tolist(), found.table["twin"].tolist(), strict=True))
    assert pair == {4: 120, 120: 4, 7: 121, 121: 7}


def test_another_label_makes_it_a_warning():
    task = clouds()
    found = found_in(repeated([4], [(int(task.train.targets[4]) + 1) % 3]))
    assert found.severity == "warn"
    assert found.table["conflict"].all()
    assert "differ inside 1 sets" in found.evidence
    assert "which label is right" in found.do


def test_regression_targets_can_conflict(line):
    x, y = line.task.train.inputs, line.task.train.targets
    task = dataclasses.replace(line.task, train=(np.concatenate([x, x[:2]]), np.concatenate([y, y[:1], y[1:2] + 1])))
    found = duplicates(Evidence(task, None, None, scores_of(task)))
    assert dict(zip(found.ids.tolist(), found.table["conflict"].tolist(), strict=True)) == {
        0: False,
        90: False,
        1: True,
        91: True,
    }


def test_every_exact_copy_points_to_another():
    same = np.array([0, 1, 0, 3, 0])
    twin, distance = twins(same, np.array([0, 1, 3]), np.array([[2.0], [1.0], [1.0]]), np.array([[1], [2], [1]]))
    assert (same[twin[[0, 2, 4]]] == 0).all() and (twin[[0, 2, 4]] != [0, 2, 4]).all()
    assert twin[[1, 3]].tolist() == [3, 1]
    assert distance.tolist() == [0, 1, 0, 1, 0]


def test_sets_differ_where_targets_do():
    assert differing(np.array([0, 0, 1, 1]), np.array([2, 2, 2, 3])).tolist() == [False, True]


def test_tiny_sets_are_searched_for_exact_copies():
    task = clouds(n=6)
    x = np.concatenate([task.train.inputs, task.train.inputs[:1]])
    task = dataclasses.replace(task, train=(x, np.concatenate([task.train.targets, task.train.targets[:1]])))
    assert set(found_in(task).ids.tolist()) == {0, 6}


def test_a_set_of_one_input_is_one_set_of_copies(tmp_path):
    x, y = np.ones((60, 4), np.float32), np.arange(60) % 2
    task = bh.Task((x, y), (x[:10] + 1, y[:10]), recipe=bh.Recipe(epochs=1, lr=0.1))
    found = bh.diagnose(bh.score(bh.record(task, tmp_path)), task)["MEM002"]
    assert found.count == 60 and set(found.table["kind"]) == {"exact"} and found.severity == "warn"
