from __future__ import annotations

import dataclasses

import numpy as np

from byheart.reports import notable


def test_groups_hold_each_findings_examples_the_most_memorized_first(pictures) -> None:
    groups = {g.code: g for g in notable.groups(pictures)}
    for finding in pictures.findings:
        if not finding.count:
            continue
        group = groups[finding.code]
        assert group.total == finding.count
        memorization = pictures.scores["memorization"][group.rows].round(2)
        assert (np.diff(memorization) <= 0).all()


def test_ties_are_ordered_by_early_loss(pictures) -> None:
    strong = notable.strength(pictures)
    memorization = pictures.scores["memorization"].round(2)
    early = pictures.scores["cumulative_loss_early"]
    _, where = np.unique(memorization, return_inverse=True)
    tied = np.flatnonzero(where == np.bincount(where).argmax())
    assert len(tied) > 1
    assert np.array_equal(np.argsort(strong[tied]), np.argsort(early[tied]))


def test_the_rest_is_memorized_and_in_no_finding(pictures) -> None:
    rest = notable.groups(pictures)[-1]
    named = np.concatenate([f.ids for f in pictures.findings])
    assert rest.code == ""
    assert not np.isin(pictures.scores.ids[rest.rows], named).any()
    assert (pictures.scores["memorization"][rest.rows] >= notable.MEMORIZED).all()


def test_cards_are_shared_among_the_groups(monkeypatch) -> None:
    monkeypatch.setattr(notable, "CARDS", 5)
    groups = [notable.Group(c, "", "", "circle", 9, np.arange(10 * k, 10 * k + 9)) for k, c in enumerate("ab")]
    assert notable.with_cards(groups).tolist() == [0, 10, 1, 11, 2]


def test_without_memorization_the_early_loss_decides(alone) -> None:
    without = {n: c for n, c in alone.scores.columns.items() if not n.startswith("memorization")}
    audit = dataclasses.replace(alone, scores=dataclasses.replace(alone.scores, columns=without))
    chosen = notable.memorized(audit)
    early = audit.scores["cumulative_loss_early"]
    assert 0 < chosen.sum() <= 0.06 * len(chosen)
    assert early[chosen].min() >= early[~chosen].max()


def test_findings_differ_in_colour_and_in_shape() -> None:
    pairs = list(zip(notable.COLOURS, notable.SHAPES, strict=True))
    assert len(set(notable.COLOURS)) == len(pairs) == len(set(pairs))
