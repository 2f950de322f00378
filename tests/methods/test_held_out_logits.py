import dataclasses

import numpy as np
import pytest

from byheart.base.errors import DataError, UsageError
from byheart.base.seeds import spawn
from byheart.data.recipe import Recipe
from byheart.data.subsets import folds
from byheart.data.task import Task
from byheart.methods.held_out_logits import Folds, checked_source, held_out_logits, logits_of, out_of_fold_logits
from byheart.methods.xrm import XRM
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.subsets import record_subsets


@pytest.fixture(scope="module")
def short(few):
    return dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))


def slow(many, log_p):
    """Averages over the models that left the example out, one example at a time."""
    return np.array([
        np.mean([log_p(k, i) for k in range(many.models) if not many["member"][k, i]], 0) for i in range(many.n)
    ])  # fmt: skip


def test_of_subset_models(short, tmp_path):
    many = record_subsets(short, 20, tmp_path / "many", jobs=1)

    def log_p(k, i):
        z = many["logits"][k, i].astype(np.float64)
        return z - np.log(np.exp(z).sum())

    found = held_out_logits(many)
    assert found.shape == (200, 10) and np.allclose(found, slow(many, log_p), atol=1e-10)
    # what it is for: of an example with a wrong label it rather says what the label should be
    wrong, said = short.truth["wrong"], found.argmax(1)
    assert (said == few_right(short))[wrong].mean() > 2 * (said == short.train.targets)[wrong].mean()
    with one_thread():
        assert logits_of(found, short, np.arange(200), 0)[0] is found


def few_right(task):
    """The labels before 20 of them were made wrong."""
    y, wrong = task.train.targets.copy(), task.truth["wrong"]
    y[wrong] = (y[wrong] - 1 - np.arange(20) % 9) % 10
    return y


def test_of_subset_models_with_many_classes(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(140, 6)), np.arange(140) % 70
    task = Task((x, y), (x[:70], y[:70]), recipe=Recipe(epochs=3, lr=0.1))
    many = record_subsets(task, 20, tmp_path / "many", jobs=1)

    def log_p(k, i):
        top = many["top_logits"][k, i].astype(np.float64) - many["log_sum_exp"][k, i]
        row = np.full(70, np.log((1 - np.exp(top).sum()) / 62))
        row[many["top"][k, i]] = top
        return row

    found = held_out_logits(many)
    assert np.allclose(found, slow(many, log_p), atol=1e-5)
    assert np.exp(log_p(0, 0)).sum() == pytest.approx(1, abs=1e-6)


def test_too_few_subset_models(short, tmp_path):
    many = record_subsets(short, 2, tmp_path / "many", jobs=1)
    both = many["member"].all(0)
    with pytest.raises(DataError, match=rf"{both.sum()} of 200 examples .* record more models"):
        held_out_logits(many)


def test_out_of_fold(short):
    rows = np.arange(30, 200)
    with one_thread():
        found = out_of_fold_logits(short, rows, 4, 7)
        fold = folds(short.train.targets[rows], 4, 7)
        k = 2
        alone = fit(begin(short, rows[fold != k], spawn(7, "fold", k)))
    left = rows[fold == k]
    assert np.array_equal(found[left], outputs(short, alone.network, short.train.take(left)))
    assert np.isnan(found[:30]).all() and np.isfinite(found[30:]).all()


def test_a_label_has_no_say_in_its_own_out_of_fold_logits(short):
    """All labels of one fold are changed, with the folds held: its logits have the same bytes."""
    rows = np.arange(200)
    fold = folds(short.train.targets, 4, 7)
    changed = np.where(fold == 1, 0, short.train.targets)
    other = dataclasses.replace(short, train=dataclasses.replace(short.train, targets=changed))
    with one_thread(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("byheart.methods.held_out_logits.folds", lambda *_: fold)
        one, two = (out_of_fold_logits(task, rows, 4, 7) for task in (short, other))
    assert np.array_equal(one[fold == 1], two[fold == 1]) and not np.array_equal(one, two)


def test_epochs_and_the_recipes_methods(short):
    """Networks for held-out logits train as long as is said, and without the recipe's methods."""
    rows = np.arange(200)
    dropped = dataclasses.replace(short, recipe=dataclasses.replace(short.recipe, methods=("dropout=0.9",)))
    longer = dataclasses.replace(short, recipe=dataclasses.replace(short.recipe, epochs=4))
    base, _ = logits_of(Folds(3), short, rows, 0)
    assert np.array_equal(logits_of(Folds(3), dropped, rows, 0)[0], base)
    assert np.array_equal(logits_of(Folds(3), short, rows, 0, epochs=2)[0], base)
    assert not np.array_equal(logits_of(Folds(3), short, rows, 0, epochs=4)[0], base)
    assert logits_of("xrm", longer, rows, 0)[1]["xrm_flip_rate"].shape == (4,)


def test_sources_by_name():
    assert checked_source("xrm") == XRM() and checked_source("folds") == Folds()
    with pytest.raises(UsageError, match="choose one of: xrm, folds"):
        checked_source("subsets")
    with pytest.raises(UsageError, match="training examples, classes"):
        checked_source(np.zeros(4))
