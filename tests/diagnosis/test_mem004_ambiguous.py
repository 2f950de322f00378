import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem004_ambiguous import ambiguous

from .conftest import Columns, Models, clouds, scores_of


def believed(rows: dict[int, tuple[float, float, float]]) -> Evidence:
    """Clouds whose left-out models are sure of the label, but for some rows, given as (label, next class, the class
    after).
    """
    task = clouds()
    n, y = len(task.train), task.train.targets
    p = np.full((n, 3), 0.01)
    p[np.arange(n), y] = 0.98
    for row, belief in rows.items():
        p[row, (y[row] + np.arange(3)) % 3] = belief
    logits = np.broadcast_to(np.log(p), (6, n, 3))
    many = Models(member=np.arange(6)[:, None] % 2 == np.arange(n) % 2, logits=logits, predicted=logits.argmax(2))
    run = Columns(predicted=np.zeros((3, n), int))
    return Evidence(task, run, many, scores_of(task, run, many))


def test_two_labels_with_a_quarter_each_are_ambiguous():
    rows = {3: (0.5, 0.49, 0.01), 8: (0.3, 0.69, 0.01), 11: (0.2, 0.79, 0.01), 14: (0.79, 0.2, 0.01)}
    found = ambiguous(believed(rows))
    assert found.ids.tolist() == [3, 8]
    assert found.table["suggested"][1] == (found.table["given"][1] + 1) % 3


def test_belief_that_leaves_the_label_out_is_not_between_it():
    assert ambiguous(believed({3: (0.02, 0.49, 0.49)})) is None


def test_sure_examples_are_not(easy):
    assert ambiguous(easy.evidence) is None
    assert ambiguous(easy.watched) is None


def test_digits_hold_some(noisy):
    found = ambiguous(noisy.evidence)
    label = found.table["label_probability"]
    assert ((label >= 0.24) & (label <= 0.76)).all()


def test_without_models_a_wavering_network_tells():
    task = clouds()
    n = len(task.train)
    confidence, variability = np.full(n, 0.95), np.full(n, 0.05)
    confidence[:6], variability[3:9] = 0.5, 0.4
    run = Columns(predicted=np.zeros((3, n), int))
    found = ambiguous(Evidence(task, run, None, scores_of(task, run, confidence=confidence, variability=variability)))
    assert sorted(found.ids.tolist()) == [3, 4, 5]
    assert "weaker" in found.evidence


def test_it_needs_classes_and_a_trajectory(line, noisy):
    with pytest.raises(NotApplicable, match="classes"):
        ambiguous(line.evidence)
    with pytest.raises(NotApplicable, match="trajectory"):
        ambiguous(Evidence(noisy.task, None, noisy.many, noisy.scores))
