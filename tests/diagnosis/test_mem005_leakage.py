import dataclasses

import numpy as np

from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem005_leakage import copies, leakage

from .conftest import clouds, scores_of


def leaked(rows: list[int], shift: float = 0.0):
    """Clouds whose test set also holds some training rows, nearly or exactly."""
    task = clouds()
    test = task.test
    x = np.concatenate([test.inputs, task.train.inputs[rows] + np.float32(shift)])
    return dataclasses.replace(task, test=(x, np.concatenate([test.targets, task.train.targets[rows]])))


def found_in(task):
    return leakage(Evidence(task, None, None, scores_of(task)))


def test_planted_leakage_is_found(noisy):
    found = leakage(noisy.evidence)
    planted = noisy.task.train.ids[noisy.task.truth["leaked"]]
    assert np.isin(planted, found.ids).all()
    exact = found.table["kind"] == "exact"
    assert exact.sum() == len(planted)
    assert set(found.table["part"][exact]) == {"test"}
    assert "Accuracy is" in found.evidence


def test_clouds_do_not_leak(easy):
    assert leakage(easy.evidence) is None


def test_exact_copies_name_both_sides():
    task = leaked([5, 9])
    found = found_in(task)
    assert found.ids.tolist() == [5, 9]
    assert found.table["held_out_label"].tolist() == task.train.targets[[5, 9]].tolist()
    assert found.table["held_out"].tolist() == task.held_out.ids[-2:].tolist()
    assert "2 of 122 held-out examples" in found.evidence
    assert "2 exact, 0 near" in found.evidence


def test_near_copies_are_near():
    found = found_in(leaked([5, 9], shift=0.001))
    assert sorted(found.ids.tolist()) == [5, 9]
    assert set(found.table["kind"]) == {"near"}


def test_one_training_example_may_have_several_copies():
    found = found_in(leaked([5, 5, 9]))
    assert dict(zip(found.ids.tolist(), found.table["copies"].tolist(), strict=True)) == {5: 2, 9: 1}


def test_copies_inside_training_do_not_hide_a_leak():
    task = clouds()
    x = np.concatenate([task.train.inputs, np.repeat(task.train.inputs[:1], 15, 0)])
    y = np.concatenate([task.train.targets, np.repeat(task.train.targets[:1], 15)])
    test = (
        np.concatenate([task.test.inputs, task.train.inputs[:1] + np.float32(0.001)]),
        np.append(task.test.targets, 0),
    )
    task = dataclasses.replace(task, train=(x, y), test=test)
    _, twin, exact, copied = copies(Evidence(task, None, None, scores_of(task)))
    assert copied[-1] and not exact[-1] and twin[-1] == 0
    assert copied.sum() == 1


def test_a_whole_test_set_of_copies_is_said_too():
    task = clouds()
    task = dataclasses.replace(task, test=task.train, validation=task.train)
    found = found_in(task)
    assert "240 of 240 held-out examples (100.0%" in found.evidence
