import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from byheart.base.registry import every
from byheart.diagnosis.finding import Finding
from byheart.diagnosis.truth import auroc, hold

from .conftest import clouds, scores_of


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60))
def test_auroc_is_scikit_learns_and_inside_its_interval(rows):
    values, mask = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    if mask.all() or not mask.any():
        return
    value, se, low, high = auroc(values, mask)
    assert value == pytest.approx(roc_auc_score(mask, values), abs=1e-12)
    assert se >= 0
    assert 0 <= low <= value <= high <= 1


def test_the_error_is_delongs():
    """DeLong's variance, written out pair by pair."""
    random = np.random.default_rng(0)
    mask = np.arange(90) < 30
    values = random.normal(size=90) + mask
    wins = (values[mask][:, None] > values[~mask]).astype(float)
    expected = np.sqrt(wins.mean(1).var(ddof=1) / 30 + wins.mean(0).var(ddof=1) / 60)
    assert auroc(values, mask)[1] == pytest.approx(expected, rel=1e-12)


def test_the_interval_covers():
    from scipy.stats import norm

    hits, truth = 0, norm.cdf(1.5 / np.sqrt(2))
    random = np.random.default_rng(1)
    mask = np.arange(200) < 40
    for _ in range(400):
        _, _, low, high = auroc(random.normal(size=200) + 1.5 * mask, mask)
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.985


def test_a_perfect_ranking_still_has_an_interval():
    value, _, low, high = auroc(np.arange(50.0), np.arange(50) >= 40)
    assert (value, high) == (1.0, 1.0)
    assert low == pytest.approx(0.7)


def test_scores_are_turned_so_that_high_is_suspect():
    task = clouds()
    n = len(task.train)
    wrong = np.arange(n) < 12
    task = dataclasses.replace(task, truth={"wrong": wrong, "original": task.train.targets, "none": np.zeros(n, bool)})
    directions = {name: spec.direction for name, spec in every("score").items()}
    lower = next(name for name, d in directions.items() if d < 0)
    columns = {lower: np.where(wrong, -1.0, 1.0), "unheard_of": np.zeros(n)}
    columns["unheard_of"][:] = np.arange(n)
    truth = hold(scores_of(task, **columns), task)
    assert [(row.name, row.score, row.auroc, row.n) for row in truth.scores] == [("wrong", lower, 1.0, n)]
    columns[lower][:6] = np.nan
    assert hold(scores_of(task, **columns), task).of("wrong")[0].n == n - 6


def test_findings_have_precision_and_recall():
    task = clouds()
    n = len(task.train)
    wrong = np.arange(n) < 12
    task = dataclasses.replace(task, truth={"wrong": wrong})
    finding = Finding("MEM001", "mislabelled", "warn", task.train.ids[4:14], n, "", "")
    other = Finding("MEM003", "rare", "note", task.train.ids[50:60], n, "", "")
    truth = hold(scores_of(task), task, [finding, other])
    (row,) = truth.meant
    assert (row.hits, row.found, row.precision, row.recall) == (8, 10, 0.8, 8 / 12)
    assert row.precision_low < 0.8 < row.precision_high
    assert [r.hits for r in truth.findings] == [8, 0]


def test_a_planted_copy_counts_with_its_original():
    task = clouds()
    n = len(task.train)
    copy, source = np.arange(n) >= n - 3, np.where(np.arange(n) >= n - 3, np.arange(n) - 50, -1)
    task = dataclasses.replace(task, truth={"duplicate": copy, "duplicate_of": source})
    both = np.concatenate([np.arange(n - 3, n), np.arange(n - 53, n - 50)])
    (row,) = hold(
        scores_of(task), task, [Finding("MEM002", "duplicate", "note", task.train.ids[both], n, "", "")]
    ).meant
    assert (row.precision, row.recall) == (1.0, 1.0)


def test_planted_noise_is_ranked_high_by_real_scores(noisy):
    truth = hold(noisy.scores, noisy.task)
    best = {row.score: row for row in truth.of("wrong")}
    assert best["cumulative_loss"].auroc > 0.9
    assert best["aum"].auroc > 0.9
    assert best["cumulative_loss"].low > 0.8
