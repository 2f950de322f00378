from __future__ import annotations

import numpy as np
import pytest

from byheart.diagnosis.explain import explain
from byheart.reports import cards


def test_a_card_says_what_explain_says(pictures) -> None:
    rows = np.array([0, 10, 57])
    found = cards.cards(pictures, rows)
    ids = pictures.task.train.ids
    for row in rows.tolist():
        told = explain(pictures, ids[row], cards.KIN)
        near = found[row]["neighbours"]
        assert [ids[k] for k, _ in near] == told.neighbours["id"].tolist()
        assert [d for _, d in near] == pytest.approx(told.neighbours["distance"].tolist(), rel=6e-3)
        assert [ids[k[0]] for k in found[row].get("influential", [])] == list(told.influential.get("id", []))
        assert found[row]["loss"] == pytest.approx(told.trajectory["loss"].tolist(), rel=6e-3)


def test_neighbours_are_the_nearest_others() -> None:
    points = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
    points[7] = points[3]
    near, far = cards.neighbours(points, np.array([3, 20]))
    for at, row in enumerate((3, 20)):
        distance = np.sqrt(((points - points[row]) ** 2).sum(1))
        distance[row] = np.inf
        assert near[at].tolist() == np.argsort(distance, kind="stable")[: cards.KIN].tolist()
    assert near[0, 0] == 7 and far[0, 0] == 0


def test_fewer_examples_than_neighbours() -> None:
    near, _ = cards.neighbours(np.eye(3, dtype=np.float32), np.array([0]))
    assert sorted(near[0].tolist()) == [1, 2]
