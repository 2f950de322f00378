from __future__ import annotations

import numpy as np
import pytest

from byheart.reports import curves


def test_curves_are_the_means_of_what_was_recorded(pictures) -> None:
    run, task = pictures.scores.run, pictures.task
    table = curves.learning_curves(run, task, "correct").pivot(index="epoch", columns="series", values="value")
    wrong = task.truth["wrong"]
    np.testing.assert_allclose(table["training"], run["correct"].astype(float).mean(1))
    np.testing.assert_allclose(table["training, wrong labels"], run["correct"][:, wrong].astype(float).mean(1))
    np.testing.assert_allclose(table["test"], run["test_correct"].astype(float).mean(1))
    assert table.index.tolist() == list(range(1, run.epochs + 1))


def test_bands_are_two_standard_errors(pictures) -> None:
    run = pictures.scores.run
    table = curves.learning_curves(run, pictures.task, "loss")
    last = table[(table["series"] == "test")].iloc[-1]
    loss = run["test_loss"][-1].astype(float)
    assert last["high"] - last["value"] == pytest.approx(2 * loss.std() / len(loss) ** 0.5)


def test_regression_has_no_accuracy(regression) -> None:
    assert curves.learning_curves(regression.scores.run, regression.task, "correct") is None
    assert curves.learning_curves(regression.scores.run, regression.task, "loss") is not None


def test_long_runs_are_thinned() -> None:
    kept = curves.thinned(5000)
    assert len(kept) == curves.MOST_EPOCHS and kept[0] == 0 and kept[-1] == 4999
    assert curves.thinned(7).tolist() == list(range(7))


def test_loss_band_leaves_the_unseen_out() -> None:
    loss = np.array([[1.0, 2.0, np.nan, 3.0], [np.nan] * 4])
    band = curves.loss_band(loss, np.array([0, 1]))
    assert band["middle"] == [2.0, None]
