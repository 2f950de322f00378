from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart
from byheart.base.errors import NotApplicable
from byheart.data.examples import Examples
from byheart.data.subsets import masks
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem010_leaks import leaks
from byheart.privacy.answers import answers_of
from byheart.privacy.leakage import leakage

from .conftest import Models, scores_of


def evidence(n: int = 300, leaky: int = 12, by: float = 8.0, models: int = 20, seed: int = 0) -> Evidence:
    """Two classes and 20 models, which know the first `leaky` examples only when they were trained on them."""
    g = np.random.default_rng(seed)
    task = byheart.Task(*(Examples(g.normal(size=(k, 2)), g.integers(0, 2, k)) for k in (n, 40)))
    y, member = task.train.targets, masks(n, models, seed)
    learned = np.arange(n) < leaky
    phi = np.where(learned, -4.0, g.normal(3, 1, n)) + g.normal(size=(models, n)) + by * member * learned
    z = (phi / 2)[:, :, None] * np.where(np.arange(2) == y[:, None], 1.0, -1.0)
    many = Models(2, member=member, logits=z, loss=np.logaddexp(0, -phi).astype(np.float32))
    many.n, many.targets, many.ids = n, y, task.train.ids
    return Evidence(task, None, many, scores_of(task, many=many))


def test_the_examples_that_leak_are_found():
    e = evidence()
    found = leaks(e)
    assert found is not None and found.severity == "warn"
    assert np.isin(np.arange(12), found.ids).sum() >= 10 and found.count <= 14
    assert "at 1 false alarm in 100" in found.evidence and "RMIA, online, 20 models" in found.evidence
    assert (found.table["risk"] >= 0.5).all() and (np.diff(found.table["risk"]) <= 0).all()
    np.testing.assert_array_equal(found.table["given"], e.task.train.targets[found.ids])


def test_where_nothing_leaks_nothing_is_said():
    assert [leaks(evidence(leaky=0, seed=s)) for s in range(10)] == [None] * 10


def test_the_privacy_audit_is_not_made_twice():
    e = evidence()
    made = leakage(answers_of(e.many))
    told = leaks(dataclasses.replace(e, many=object(), effects={"privacy": made}))
    assert told is not None and told.evidence == leaks(e).evidence


def test_what_cannot_be_told():
    with pytest.raises(NotApplicable, match="180 non-members do not resolve 1% false alarms: it takes 1,000 or more"):
        leaks(evidence(n=30, leaky=2))
    e = evidence()
    e.many.arrays["member"] = np.ones_like(e.many["member"])
    with pytest.raises(NotApplicable, match="no example is in one of them and not in another"):
        leaks(e)
    with pytest.raises(NotApplicable, match="record_subsets"):
        leaks(dataclasses.replace(e, many=None))


def test_on_digits_wrong_labels_leak(noisy):
    found = leaks(noisy.evidence)
    assert found is not None
    wrong = noisy.task.train.ids[noisy.task.truth["wrong"]]
    assert np.isin(found.ids, wrong).mean() > 3 * len(wrong) / 300


def test_clouds_far_apart_do_not(easy):
    try:
        assert leaks(easy.evidence) is None
    except NotApplicable as why:
        assert "do not resolve" in str(why)
