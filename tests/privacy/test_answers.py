from __future__ import annotations

import numpy as np
import pytest

import byheart
from byheart.base.registry import find
from byheart.privacy.answers import answers_of


class Many(dict):
    """Subset models of given arrays."""

    def __init__(self, targets, classes, **arrays):
        super().__init__(arrays)
        self.targets, self.classes, self.n, self.ids = targets, classes, len(targets), np.arange(len(targets))


def test_classes_are_read_from_their_logits(few, tmp_path):
    many = byheart.record_subsets(few, 3, tmp_path / "many", jobs=1)
    found = answers_of(many)
    assert found.models == 3 and len(found.ids) == 200
    z = many["logits"][:, :200].astype(float)
    for k in range(3):
        for i in range(0, 200, 23):
            p = np.exp(z[k, i] - z[k, i].max())
            y = few.train.targets[i]
            assert found.phi[k, i] == pytest.approx(np.log(p[y] / np.delete(p, y).sum()), rel=1e-4, abs=1e-4)
            half = np.exp((z[k, i] - z[k, i].max()) / 2)
            assert found.probability[k, i] == pytest.approx(half[y] / half.sum(), rel=1e-5)
    np.testing.assert_array_equal(found.loss, many["loss"][:, :200])


def test_many_classes_from_the_loss():
    loss = np.array([[0.0, 0.1, 2.0, 30.0]], np.float32)
    found = answers_of(Many(np.arange(4), 100, member=np.ones((1, 4), bool), loss=loss))
    p = np.exp(-loss[0, 1:].astype(float))
    np.testing.assert_allclose(found.phi[0, 1:], np.log(p / (1 - p)), rtol=1e-5)
    np.testing.assert_allclose(found.probability[0, 1:], p, rtol=1e-6)
    assert np.isfinite(found.phi).all() and found.phi[0, 0] > found.phi[0, 1]


def test_regression_from_the_squared_error(tmp_path):
    import dataclasses

    task = find("task", "diabetes")()
    task = dataclasses.replace(task, train=task.train.take(np.arange(60)),
                               recipe=byheart.Recipe(epochs=3, batch=16, lr=0.03))  # fmt: skip
    many = byheart.record_subsets(task, 2, tmp_path / "many", jobs=1)
    found = answers_of(many)
    np.testing.assert_allclose(found.phi, -(many["loss"][:, :60].astype(float) ** 0.25), rtol=1e-5)
    assert ((found.probability > 0) & (found.probability <= 1)).all()
