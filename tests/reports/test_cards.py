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


def test_the_first_cards_say_who_helps_and_who_hurts_as_explain_does(pictures) -> None:
    rows = np.arange(cards.TRACED + 2)
    found, ids = cards.cards(pictures, rows), pictures.task.train.ids
    for row in (0, 10, cards.TRACED - 1):
        told = explain(pictures, ids[row], cards.KIN)
        for name, wanted in (("helpful", told.helpful), ("harmful", told.harmful)):
            assert [ids[k] for k, _ in found[row][name]] == wanted["id"].tolist()
            assert [v for _, v in found[row][name]] == pytest.approx(wanted["value"].tolist(), rel=6e-3)
            assert {k for k, _ in found[row][name]} <= set(cards.kin(found))
    for row in rows[cards.TRACED :].tolist():
        assert "helpful" not in found[row] and "harmful" not in found[row]


def test_the_curvature_is_fitted_once_for_all_cards(pictures, monkeypatch) -> None:
    from byheart.scores.gradients import ekfac

    fits, fit = [], ekfac.fit
    monkeypatch.setattr(ekfac, "fit", lambda *given: (fits.append(1), fit(*given))[1])
    cards.cards(pictures, np.arange(10))
    assert len(fits) == 1


def test_a_helpful_example_has_its_sign(pictures) -> None:
    found = cards.cards(pictures, np.arange(20))
    assert all(v > 0 for card in found.values() for _, v in card.get("helpful", ()))
    assert all(v < 0 for card in found.values() for _, v in card.get("harmful", ()))
    assert all(row not in [k for k, _ in card.get("helpful", ())] for row, card in found.items())
