from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.base.store import read_arrays, write_arrays
from byheart.data.subsets import masks
from byheart.runs.schema import read_record, write_record
from byheart.runs.subsets import compact


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "timing.json"}


@pytest.fixture(scope="module")
def many(few, tmp_path_factory):
    return bh.record_subsets(few, 6, tmp_path_factory.mktemp("many"), jobs=1)


def test_the_matrix_has_a_row_a_model_and_a_column_an_example(few, many):
    assert many.models == 6 and many.n == 200 and many["correct"].shape == (6, 260)
    np.testing.assert_array_equal(many["member"], masks(200, 6, 0))
    assert many["logits"].shape == (6, 260, 10) and many["logits"].dtype == np.float16
    inside = many["correct"][:, :200][many["member"]].astype(float).mean()
    outside = many["correct"][:, :200][~many["member"]].astype(float).mean()
    assert inside > outside


def test_a_row_is_the_run_on_those_examples(few, many, tmp_path):
    from byheart.base.seeds import spawn

    alone = bh.record(few, tmp_path, spawn(0, "model", 4), only=few.train.ids[many["member"][4]])
    np.testing.assert_allclose(many["loss"][4, 230:], alone["test_loss"][-1], rtol=1e-6)


def test_two_workers_and_topping_up_leave_the_same_bytes(few, many, tmp_path):
    bh.record_subsets(few, 3, tmp_path / "up", jobs=2)
    again = bh.record_subsets(few, 6, tmp_path / "up", jobs=2)
    assert again.models == 6 and contents(tmp_path / "up") == contents(many.folder)
    assert bh.record_subsets(few, 4, tmp_path / "up", jobs=1).models == 6  # asking for fewer loses nothing


def test_what_is_missing_is_trained_again_and_only_that(few, many, tmp_path):
    import shutil

    shutil.copytree(many.folder, tmp_path / "part")
    (tmp_path / "part" / "model-0002.safetensors").unlink()
    kept = (tmp_path / "part" / "model-0001.safetensors").stat().st_mtime_ns
    bh.record_subsets(few, 6, tmp_path / "part", jobs=1)
    assert contents(tmp_path / "part") == contents(many.folder)
    assert (tmp_path / "part" / "model-0001.safetensors").stat().st_mtime_ns == kept


def test_another_experiment_is_refused(few, many):
    with pytest.raises(RunError, match="seed"):
        bh.record_subsets(few, 6, many.folder, seed=1)
    with pytest.raises(RunError, match="subsets"):
        bh.record_subsets(few, 6, many.folder, share=0.5)
    with pytest.raises(RunError, match="holds subsets, not one run"):
        bh.Run(many.folder)
    with pytest.raises(UsageError, match="cannot be compared"):
        bh.record_subsets(few, 1, many.folder)


def test_a_damaged_model_says_which(few, many, tmp_path):
    import shutil

    shutil.copytree(many.folder, tmp_path / "bad")
    path = tmp_path / "bad" / "model-0003.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match="model-0003"):
        bh.SubsetRuns(tmp_path / "bad")["loss"]


def test_out_of_sample_is_the_mean_over_models_that_left_it_out(many):
    p, counts = many.out_of_sample()
    i = int(np.argmax(counts))
    z = many["logits"][:, i].astype(float)[~many["member"][:, i]]
    want = (np.exp(z) / np.exp(z).sum(1, keepdims=True)).mean(0)
    np.testing.assert_allclose(p[i], want, rtol=1e-9)
    assert np.isnan(p[counts == 0]).all() and counts.tolist() == (~many["member"]).sum(0).tolist()


def test_other_learners_fill_the_same_matrix(few, tmp_path):
    many = bh.record_subsets(few, 4, tmp_path, learner=Logistic(), jobs=1)
    assert many["correct"][:, 200:].astype(float).mean() > 0.7


@dataclasses.dataclass(frozen=True)
class Logistic:
    """A scikit-learn estimator behind the learner protocol."""

    def fit(self, task, rows, seed):
        flat = task.train.inputs[rows].reshape(len(rows), -1) / 16.0
        model = LogisticRegression(max_iter=200).fit(flat, task.train.targets[rows])

        def predict(examples):
            logits = np.full((len(examples), task.outputs), -20.0, np.float32)
            logits[:, model.classes_] = model.decision_function(examples.inputs.reshape(len(examples), -1) / 16.0)
            return logits

        return predict


def test_many_outputs_keep_the_largest_eight():
    z = np.random.default_rng(0).normal(size=(5, 100)).astype(np.float32)
    kept = compact(z)
    assert set(kept) == {"top_logits", "top", "log_sum_exp"}
    np.testing.assert_array_equal(kept["top"], np.argsort(-z, 1)[:, :8])
    np.testing.assert_allclose(kept["log_sum_exp"], np.log(np.exp(z).sum(1)), rtol=1e-5)


def test_out_of_sample_of_many_outputs_knows_the_largest_and_the_label(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(140, 4)).astype(np.float32), np.arange(140) % 70
    task = bh.Task((x, y), (x[:70] + 1, y[:70]), recipe=bh.Recipe(epochs=2, lr=0.1))
    many = bh.record_subsets(task, 2, tmp_path, jobs=1)
    p, counts = many.out_of_sample()
    i = int(np.flatnonzero(counts == 1)[0])
    k = int(np.flatnonzero(~many["member"][:, i])[0])
    assert p.shape == (140, 70) and p[i].sum() == pytest.approx(1)
    assert p[i, y[i]] == pytest.approx(float(np.exp(-many["loss"][k, i])), rel=1e-2)
    assert p[i].argmax() == many["predicted"][k, i]
    run = bh.record(task, tmp_path / "run")
    assert "MEM001" not in bh.diagnose(bh.score(run, many), task).skipped


def test_a_changed_learner_is_refused(few, tmp_path):
    bh.record_subsets(few, 2, tmp_path, learner=Logistic(), jobs=1)
    with pytest.raises(RunError, match="learner"):
        bh.record_subsets(few, 2, tmp_path, jobs=1)


@pytest.mark.parametrize("change", [lambda a: None, lambda a: a[:-1], lambda a: a.astype(np.int8)])
def test_a_column_of_a_model_that_does_not_fit_is_named(many, tmp_path, change):
    folder = shutil.copytree(many.folder, tmp_path / "many")
    arrays = read_arrays(folder / "model-0002.safetensors")
    changed = change(arrays.pop("correct"))
    write_arrays(folder / "model-0002.safetensors", arrays if changed is None else arrays | {"correct": changed})
    with pytest.raises(RunError, match=r"model-0002.safetensors is damaged"):
        bh.SubsetRuns(folder)["correct"]


@pytest.mark.parametrize("count", ["x", -1, None])
def test_a_count_of_models_that_is_none_is_refused(few, many, tmp_path, count):
    folder = shutil.copytree(many.folder, tmp_path / "many")
    record = read_record(folder)
    write_record(folder, record.model_copy(update={"notes": {"models": count}}))
    with pytest.raises(RunError, match="damaged"):
        bh.record_subsets(few, 6, folder, jobs=1)


def test_logits_that_are_missing_are_named(many, tmp_path):
    folder = shutil.copytree(many.folder, tmp_path / "many")
    arrays = read_arrays(folder / "model-0001.safetensors")
    del arrays["logits"]
    write_arrays(folder / "model-0001.safetensors", arrays)
    with pytest.raises(RunError, match="It has no logits"):
        bh.SubsetRuns(folder)["logits"]


def test_a_record_of_another_number_of_classes_is_refused(few, many, tmp_path):
    folder = shutil.copytree(many.folder, tmp_path / "many")
    write_record(folder, read_record(folder).model_copy(update={"classes": 99}))
    with pytest.raises(RunError, match="99 there, 10 here"):
        bh.record_subsets(few, 6, folder, jobs=1)
