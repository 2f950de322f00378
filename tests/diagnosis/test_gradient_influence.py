from __future__ import annotations

import numpy as np
import pytest

from byheart.diagnosis.check import Evidence
from byheart.diagnosis.gradient_influence import (
    gradient_influence,
    gradient_influences,
    helpful_and_harmful,
    helpful_and_harmful_of,
)
from byheart.runs.single import record
from byheart.scores.gradients.ekfac import fit
from byheart.scores.gradients.ekfac_pairs import ekfac_dots
from byheart.scores.table import score


@pytest.fixture(scope="module")
def evidence(few, tmp_path_factory) -> Evidence:
    run = record(few, tmp_path_factory.mktemp("influence"))
    return Evidence(few, run, None, score(run, names=["aum"]))


@pytest.mark.parametrize("part", ["train", "test"])
def test_many_rows_are_the_whole_matrix(evidence, part):
    task, rows = evidence.task, np.array([3, 0, 17])
    network = evidence.run.network(task)
    train = task.tensors(task.train, np.arange(len(task.train)))
    dots = ekfac_dots(
        network, train, task.tensors(getattr(task, part), rows), task.loss, fit(network, *train, task.loss)
    )
    found, notes = gradient_influences(evidence, part, rows)
    assert len(notes) == 1 and notes[0].startswith("damping of 0.1")  # and nothing was read one by one
    np.testing.assert_allclose(found, dots.mT.double().numpy() / 200, rtol=1e-4, atol=1e-9)


def rounding(values: np.ndarray) -> float:
    """Sums in float32 whose terms cancel are off by some units in the last place of the largest."""
    return float(16 * np.finfo(np.float32).eps * np.abs(values).max())


def test_rows_are_as_each_alone(evidence):
    rows = np.array([5, 2, 9])
    together, _ = gradient_influences(evidence, "train", rows)
    for row, values in zip(rows.tolist(), together, strict=True):
        np.testing.assert_allclose(values, gradient_influence(evidence, "train", row), atol=rounding(together))


def test_blocks_of_queries_change_nothing(evidence, monkeypatch):
    from byheart.scores.gradients import ekfac_pairs

    rows = np.arange(7)
    whole, _ = gradient_influences(evidence, "train", rows)
    size = sum(p.numel() for p in evidence.run.network(evidence.task).parameters())
    monkeypatch.setattr(ekfac_pairs, "BLOCK", 2 * size)
    np.testing.assert_allclose(gradient_influences(evidence, "train", rows)[0], whole, atol=rounding(whole))


def test_the_most_are_the_ends_of_the_sorted_values(evidence):
    rows, ids = np.array([4, 8]), evidence.task.train.ids
    values, notes = gradient_influences(evidence, "train", rows)
    for row, value, kin in zip(rows, values, helpful_and_harmful_of(evidence, "train", rows, 3), strict=True):
        helpful, harmful = kin.helpful, kin.harmful
        assert kin.notes == notes
        value[row] = 0.0
        order = np.argsort(value)
        assert helpful["id"].tolist() == ids[order[::-1][:3]].tolist()
        assert harmful["id"].tolist() == ids[order[:3]].tolist()
        assert (helpful["value"] > 0).all() and (harmful["value"] < 0).all()
        np.testing.assert_array_equal(harmful["label"], evidence.task.train.targets[order[:3]])


def test_without_a_network_both_are_empty(evidence):
    bare = Evidence(evidence.task, None, None, evidence.scores)
    for kin in (helpful_and_harmful(bare, "test", 0, 3), *helpful_and_harmful_of(bare, "train", np.array([1, 2]), 3)):
        assert kin.helpful == kin.harmful == {} and kin.notes == ()
