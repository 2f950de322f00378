"""Cross-validation against the obvious loop, and what its predictions feed."""

import dataclasses

import joblib
import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.base.seeds import spawn
from byheart.data.subsets import folds
from byheart.diagnosis.calibration import probabilities
from byheart.methods.mat import MAT
from byheart.runs.kfold import KFold, kfold
from byheart.runs.learner import Network
from byheart.scores.subset.confident_learning import label_errors


@pytest.fixture(scope="module")
def task(few):
    return dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=12))


@pytest.fixture(scope="module")
def found(task, tmp_path_factory) -> KFold:
    return kfold(task, 4, tmp_path_factory.mktemp("kfold"), seed=3, jobs=1)


def test_it_is_the_obvious_loop(task, found):
    fold, logits = folds(task.train.targets, 4, 3), np.zeros((200, 10), np.float32)
    for k in range(4):
        predict = Network().fit(task, np.flatnonzero(fold != k), spawn(3, "fold", k))
        logits[fold == k] = predict(task.train.take(np.flatnonzero(fold == k)))
    np.testing.assert_array_equal(found["logits"], logits)
    np.testing.assert_array_equal(found["predicted"], logits.argmax(1))
    np.testing.assert_allclose(found["probabilities"], probabilities(logits), atol=1e-6)
    right = logits.argmax(1) == task.train.targets
    assert found.mean == right.mean()
    np.testing.assert_allclose(found.by_fold, [right[fold == k].mean() for k in range(4)])
    assert found.se == pytest.approx(right.std(ddof=1) / np.sqrt(200))
    np.testing.assert_array_equal(found.ids, task.train.ids)


def test_workers_do_not_matter(task, found, tmp_path):
    with joblib.parallel_config(backend="threading"):
        other = kfold(task, 4, tmp_path / "k", seed=3, jobs=2)
    np.testing.assert_array_equal(other["logits"], found["logits"])


def test_it_goes_on_where_it_stopped(task, found, tmp_path, monkeypatch):
    calls, fit = [], Network.fit

    def counted(self, task, rows, seed):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(seed)
        return fit(self, task, rows, seed)

    monkeypatch.setattr(Network, "fit", counted)
    with pytest.raises(KeyboardInterrupt):
        kfold(task, 4, tmp_path / "k", seed=3, jobs=1)
    with pytest.raises(RunError, match="not finished"):
        KFold(tmp_path / "k")
    monkeypatch.setattr(Network, "fit", fit)
    before = (tmp_path / "k" / "fold-00.safetensors").stat().st_mtime_ns
    again = kfold(task, 4, tmp_path / "k", seed=3, jobs=1)
    assert (tmp_path / "k" / "fold-00.safetensors").stat().st_mtime_ns == before
    np.testing.assert_array_equal(again["logits"], found["logits"])


def test_what_it_feeds(judged_few, task, found):
    wrong = task.truth["wrong"]
    doubted = label_errors(found["probabilities"], task.train.targets)
    assert doubted[wrong].mean() > 3 * doubted[~wrong].mean()
    plan = bh.control(judged_few, relabel=task.train.ids[wrong], probabilities=found["probabilities"])
    (action,) = plan.actions
    to = found["probabilities"].argmax(1)[np.isin(task.train.ids, action.ids)]
    by_id = dict(zip(task.train.ids[np.isin(task.train.ids, action.ids)].tolist(), map(str, to), strict=True))
    assert dict(zip(action.ids, action.to, strict=True)) == by_id and len(action.ids) > 10


@pytest.fixture(scope="module")
def judged_few(task, tmp_path_factory):
    """An audit without subset models: nobody but cross-validation left examples out."""
    run = bh.record(task, tmp_path_factory.mktemp("alone"))
    return bh.diagnose(bh.score(run), task)


def test_without_it_no_label_is_known(judged_few):
    with pytest.raises(UsageError, match="Nobody says what the labels should be"):
        bh.control(judged_few, relabel=[int(judged_few.task.train.ids[0])])


def test_mat_takes_its_logits(task, found, tmp_path):
    groups = np.where(np.arange(200) % 2, "a", "b")
    grouped = dataclasses.replace(task, train=dataclasses.replace(task.train, groups=groups))
    run = bh.record(grouped, tmp_path / "mat", events=[MAT(source=found["logits"])])
    plain = bh.record(grouped, tmp_path / "plain")
    assert np.isfinite(run["test_loss"]).all() and not np.array_equal(run["loss"], plain["loss"])


def test_regression(few, tmp_path):
    y = few.train.targets.astype(np.float32)
    part = lambda examples: (examples.inputs, examples.targets.astype(np.float32))  # noqa: E731
    task = bh.Task((few.train.inputs, y + 0.25), part(few.test), recipe=few.recipe)
    found = kfold(task, 2, tmp_path, jobs=1)
    assert found.classes == 0 and found.mean == pytest.approx(found["loss"].mean())
    with pytest.raises(KeyError, match="probabilities"):
        found["probabilities"]


def test_what_is_refused(task, found, few, tmp_path):
    with pytest.raises(UsageError):
        kfold(task, 500, tmp_path / "many")
    with pytest.raises(UsageError):
        kfold(task, 1, tmp_path / "one")
    with pytest.raises(RunError):
        kfold(few, 4, found.folder, seed=3)
    with pytest.raises(RunError):
        kfold(task, 4, found.folder, seed=4)
    run = bh.record(few, tmp_path / "run")
    with pytest.raises(RunError, match="not folds"):
        KFold(run.folder)


def test_a_damaged_fold(task, tmp_path):
    kfold(task, 2, tmp_path / "k", jobs=1)
    (tmp_path / "k" / "fold-01.safetensors").write_bytes(b"torn")
    with pytest.raises(RunError):
        kfold(task, 2, tmp_path / "k", jobs=1)
