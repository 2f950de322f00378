import dataclasses

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.metrics import accuracy_score

import byheart
from byheart.base.errors import DataError, NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.group_metrics import group_metrics, least, metrics_of
from byheart.diagnosis.proportion import wilson

from .conftest import Columns, clouds, scores_of

NAMES = np.array(["a", "b", "c"])


def data(n: int = 300, seed: int = 0):
    random = np.random.default_rng(seed)
    groups = random.choice(NAMES, n, p=[0.7, 0.2, 0.1])
    y = random.integers(0, 3, n)
    right = random.random(n) < np.select([groups == "a", groups == "b"], [0.95, 0.8], 0.4)
    logits = random.normal(0, 0.5, (n, 3)) + 3 * np.eye(3)[np.where(right, y, (y + 1) % 3)]
    return logits, y, groups


def test_every_number_against_a_loop():
    logits, y, groups = data()
    found = group_metrics(logits, y, groups, np.repeat(NAMES, [80, 15, 5]), "c")
    assert [row.name for row in found.rows] == ["a", "b", "c"]
    for name in NAMES:
        rows = [i for i in range(300) if groups[i] == name]
        row = found[name]
        assert row.n == row.accuracy.n == len(rows)
        assert row.accuracy.value == pytest.approx(accuracy_score(y[rows], logits[rows].argmax(1)))
        hits = (logits[rows].argmax(1) == y[rows]).sum()
        assert (row.accuracy.low, row.accuracy.high) == pytest.approx(wilson(hits, len(rows))[1:])
        assert row.nll.value == pytest.approx(-np.mean([log_softmax(logits[i])[y[i]] for i in rows]))
        assert row.ece.low <= row.ece.value <= row.ece.high
    share = {"a": 0.8, "b": 0.15, "c": 0.05}
    assert found.adjusted.value == pytest.approx(sum(share[g] * found[g].accuracy.value for g in NAMES))
    assert found.adjusted.low < found.adjusted.value < found.adjusted.high
    assert found.everyone.accuracy.value == pytest.approx((logits.argmax(1) == y).mean())
    assert found.worst.value == found.least.value == found["c"].accuracy.value
    assert found.least.low < found.worst.low and "c, the smallest of 3" in found.least.text


def test_names_and_order_of_the_groups_do_not_matter():
    logits, y, groups = data()
    renamed = np.array([{"a": "z", "b": "m", "c": "b"}[g] for g in groups])
    order = np.random.default_rng(1).permutation(300)
    one, two = group_metrics(logits, y, groups), group_metrics(logits[order], y[order], renamed[order])
    for a, b in zip(one.rows, [two["z"], two["m"], two["b"]], strict=True):
        for name in ("accuracy", "nll", "ece", "over_confidence"):
            x, z = getattr(a, name), getattr(b, name)
            assert np.allclose([x.value, x.low, x.high], [z.value, z.low, z.high])
    assert one.least.value == two.least.value


def test_the_smallest_accuracy_is_covered_though_it_was_chosen_by_looking():
    """Ten groups of 30, all .8: the smallest looks like .67, and a plain interval around it misses .8 too often."""
    random, groups = np.random.default_rng(0), np.repeat([f"g{k}" for k in range(10)], 30)
    inside, plain = [], []
    for _ in range(500):
        right = random.random(300) < 0.8
        found = least(right, groups)
        inside.append(found.low <= 0.8 <= found.high)
        hits = min(right[groups == g].sum() for g in np.unique(groups))
        plain.append(wilson(hits, 30)[1] <= 0.8 <= wilson(hits, 30)[2])
    assert np.mean(inside) >= 0.95 > np.mean(plain)


def test_what_was_not_given_is_not_measured():
    logits, y, groups = data()
    found = group_metrics(logits, y, groups)
    assert not found.adjusted.measured and not found.worst.measured
    there = group_metrics(logits, y, groups, np.array(["a", "elsewhere"]))
    assert not there.adjusted.measured
    with pytest.raises(KeyError, match="the groups are"):
        found["elsewhere"]
    with pytest.raises(DataError, match="300 rows but groups of shape"):
        group_metrics(logits, y, groups[:5])


def evidence(groups: bool = True, **more: np.ndarray) -> Evidence:
    """Clouds whose group "few" is always wrong on validation, and of which a third is wrong in test."""
    task = clouds(groups=groups)
    arrays = {}
    for part in ("validation", "test"):
        examples = getattr(task, part)
        wrong = np.zeros(len(examples), bool)
        if groups:
            few = np.flatnonzero(examples.groups == "few")
            wrong[few if part == "validation" else few[::3]] = True
        said = np.where(wrong, (examples.targets + 1) % 3, examples.targets)
        arrays[f"final_{part}_logits"] = 4.0 * np.eye(3)[said]
    run = Columns(**(arrays | more))
    return Evidence(task, run, None, scores_of(task, run))


def test_of_an_audit_the_weakest_group_is_chosen_on_validation():
    found = metrics_of(evidence())
    assert found.worst.value == found["few"].accuracy.value < 1
    assert found.adjusted.measured
    classes = metrics_of(evidence(), "class")
    assert [row.name for row in classes.rows] == ["0", "1", "2"]


def test_of_an_audit_that_cannot_say():
    x = np.linspace(0, 1, 40).reshape(20, 2)
    plane = byheart.Task((x, x[:, 0]), (x, x[:, 0]))
    with pytest.raises(NotApplicable, match="no groups"):
        metrics_of(evidence(groups=False))
    with pytest.raises(NotApplicable, match="no trajectory"):
        metrics_of(dataclasses.replace(evidence(), run=None))
    with pytest.raises(NotApplicable, match="numbers"):
        metrics_of(Evidence(plane, Columns(), None, scores_of(plane)))
    with pytest.raises(NotApplicable, match="final outputs"):
        e = evidence()
        metrics_of(
            dataclasses.replace(e, run=Columns(validation_correct=np.ones((1, 60)), test_correct=np.ones((1, 60))))
        )
