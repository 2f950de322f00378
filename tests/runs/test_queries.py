from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart
from byheart.base.errors import RunError, UsageError
from byheart.base.registry import find
from byheart.data.augment.queries import asked
from byheart.privacy.answers import answers_of
from byheart.privacy.leakage import leakage
from byheart.privacy.signal import label_probability, scaled_logit
from byheart.runs.learner import Network
from byheart.runs.queries import QUERY_LOGITS


@pytest.fixture(scope="module")
def pictures(few):
    """`few` as images."""
    return few if few.train.inputs.ndim == 4 else dataclasses.replace(
        few, **{p: dataclasses.replace(getattr(few, p), inputs=getattr(few, p).inputs.reshape(-1, 1, 8, 8))
                for p in ("train", "validation", "test")},
    )  # fmt: skip


@pytest.fixture(scope="module")
def queried(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queried")
    return byheart.record_subsets(pictures, 4, folder, jobs=1, queries=("mirror", "left=1"))


def test_each_model_is_asked_about_changed_images(pictures, queried):
    logits = queried[QUERY_LOGITS]
    assert logits.shape == (4, 260, 2, 10) and logits.dtype == np.float16
    predict = Network().fit(pictures, np.flatnonzero(queried["member"][1]), byheart.base.seeds.spawn(0, "model", 1))
    for at, query in enumerate(("mirror", "left=1")):
        changed = dataclasses.replace(pictures.train, inputs=asked(pictures.train.inputs, query))
        np.testing.assert_array_equal(logits[1, :200, at], predict(changed).astype(np.float16))


def test_the_rest_is_as_without_queries(pictures, queried, tmp_path):
    plain = byheart.record_subsets(pictures, 4, tmp_path, jobs=1)
    for name in ("member", "loss", "margin", "correct", "predicted", "logits"):
        np.testing.assert_array_equal(plain[name], queried[name])
    assert answers_of(plain).again == ()


def test_their_answers_are_read(queried):
    found = answers_of(queried)
    for at, one in enumerate(found.again):
        logits = queried[QUERY_LOGITS][2, :200, at]
        phi = scaled_logit(logits, queried.targets)
        np.testing.assert_allclose(one.phi[2], phi, rtol=1e-6)
        np.testing.assert_allclose(one.probability[2], label_probability(logits, queried.targets, 2.0), rtol=1e-6)
        np.testing.assert_allclose(one.loss[2], np.logaddexp(0, -phi), rtol=1e-5)
    assert len(found.again) == 2
    assert leakage(found).first.measured.auc != leakage(dataclasses.replace(found, again=())).first.measured.auc


def test_a_folder_of_other_queries_does_not_go_on(pictures, queried):
    for other in ((), ("mirror",)):
        with pytest.raises(RunError, match="subsets"):
            byheart.record_subsets(pictures, 5, queried.folder, jobs=1, queries=other)


def test_what_cannot_be_asked_is_refused_before_training(tmp_path):
    wine = find("task", "wine")()
    with pytest.raises(UsageError, match="keeps what a row or text means"):
        byheart.record_subsets(wine, 4, tmp_path / "a", queries=("mirror",))
    with pytest.raises(UsageError, match="a number to predict"):
        byheart.record_subsets(find("task", "diabetes")(), 4, tmp_path / "b", queries=("mirror",))
    assert not list(tmp_path.iterdir())
