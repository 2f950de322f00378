import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

import byheart
from byheart.base.errors import RunError, TrainingFailed, UsageError
from byheart.base.store import read_json
from byheart.controls.cell import opened
from byheart.controls.sweep import default, sweep
from byheart.controls.vary import factors_of

from .conftest import VARY, contents


def test_every_setting_is_trained_with_every_seed(swept):
    assert len(list((swept.folder / "cells").glob("*.safetensors"))) == 12
    assert swept.table["setting"].tolist() == [1, 2, 3, 4]
    assert swept.table["dropout"].tolist() == ["0", "0", "0.4", "0.4"]
    assert swept.table["hidden"].tolist() == ["4", "64", "4", "64"]
    assert (swept.table["seeds"] == 3).all() and (swept.table["diverged"] == 0).all()
    assert swept.test.shape == (4, 3, 30) and swept.seeds == 3
    assert read_json(swept.folder / "run.json")["done"] is True
    assert {p.name for p in swept.folder.iterdir()} == {
        "run.json", "timing.json", "sweep.parquet", "sweep.json", "sweep.html", "cells",
    }  # fmt: skip


def test_the_files_are_the_table(swept):
    pd.testing.assert_frame_equal(pd.read_parquet(swept.folder / "sweep.parquet"), swept.table)
    found = read_json(swept.folder / "sweep.json")
    assert found["format"] == "byheart sweep" and len(found["settings"]) == 4 and len(found["trainings"]) == 12
    assert found["settings"][1]["test"] == swept.table["test"][1]


def test_the_same_call_again_trains_nothing(swept, short, monkeypatch):
    monkeypatch.setattr("byheart.controls.sweep.each", lambda *_: pytest.fail("something was trained"))
    before = contents(swept.folder)
    again = sweep(short, VARY, 3, swept.folder, jobs=1)
    pd.testing.assert_frame_equal(again.table, swept.table)
    assert contents(swept.folder) == before


def test_a_sweep_that_lost_cells_ends_in_the_same_bytes(swept, short, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(swept.folder, folder)
    for k, cell in enumerate(sorted((folder / "cells").glob("*.safetensors"))):
        if k % 3 == 0:
            cell.unlink()
        if k % 4 == 0:
            cell.with_suffix(".time").unlink(missing_ok=True)
    for name in ("sweep.parquet", "sweep.json", "run.json"):
        (folder / name).unlink()
    (folder / "cells" / "x.safetensors.123.partial").write_bytes(b"half")
    sweep(short, VARY, 3, folder, jobs=1)
    assert contents(folder) == contents(swept.folder)


@pytest.mark.slow
def test_two_workers_give_the_same_bytes(swept, short, tmp_path):
    sweep(short, VARY, 3, tmp_path / "two", jobs=2)
    assert contents(tmp_path / "two") == contents(swept.folder)


def test_more_seeds_and_values_only_train_what_is_new(swept, short, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(swept.folder, folder)
    before = {p.name: p.stat().st_mtime_ns for p in (folder / "cells").iterdir()}
    said: list[str] = []
    longer = sweep(short, VARY, 4, folder, jobs=1, announce=said.append)
    sweep(short, ["dropout=0,0.6", "hidden=4"], 1, folder, jobs=1, announce=said.append)
    assert said == [
        "4 settings x 4 seeds = 16 trainings, 12 of them done",
        "2 settings x 1 seeds = 2 trainings, 1 of them done",
    ]
    assert all((folder / "cells" / name).stat().st_mtime_ns == at for name, at in before.items())
    np.testing.assert_array_equal(longer.test[:, :3], swept.test)
    pd.testing.assert_frame_equal(sweep(short, VARY, 3, folder, jobs=1).table, swept.table)


def test_a_folder_of_another_task_is_refused(swept, short):
    with pytest.raises(RunError, match="another data"):
        sweep(byheart.plant(short, "duplicates=3"), VARY, 3, swept.folder, jobs=1)
    with pytest.raises(RunError, match="seed"):
        sweep(short, VARY, 3, swept.folder, seed=1, jobs=1)


def test_equal_settings_are_trained_once(short, tmp_path):
    found = sweep(short, ["size=all,200"], 2, tmp_path / "s", jobs=1)
    assert len(list((tmp_path / "s" / "cells").glob("*.safetensors"))) == 2
    np.testing.assert_array_equal(found.test[0], found.test[1])


def test_a_network_that_fits_the_wrong_labels_is_told_from_one_that_does_not(swept):
    """The large network without dropout gives back more wrong labels than the small one."""
    assert swept.measure == "wrong_fitted"
    fitted = dict(zip(swept.table["setting"], swept.table["wrong_fitted"], strict=True))
    assert fitted[2] > fitted[1] and fitted[2] > fitted[4]
    np.testing.assert_allclose(swept.memorized.mean(1), swept.table["wrong_fitted"])


def test_divergence_is_a_row_and_no_crash(short, tmp_path):
    wild = dataclasses.replace(short, recipe=dataclasses.replace(short.recipe, clip=0.0))
    found = sweep(wild, {"lr": [0.1, 1e12]}, 2, tmp_path / "s", jobs=1)
    assert found.table["diverged"].tolist() == [0, 2]
    assert np.isfinite(found.table["test"][0]) and np.isnan(found.table["test"][1])
    assert found.table["frontier"].tolist() == [True, False] and found.best == 0
    assert found.table["frontier_probability"].tolist() == [1.0, 0.0]


def test_everything_may_diverge(short, tmp_path):
    wild = dataclasses.replace(short, recipe=dataclasses.replace(short.recipe, clip=0.0))
    found = sweep(wild, {"lr": [1e12, 1e13]}, 2, tmp_path / "s", jobs=1)
    assert found.best is None and not found.table["frontier"].any() and found.measure == "gap"
    assert (tmp_path / "s" / "sweep.html").stat().st_size > 1000


@pytest.mark.parametrize(
    ("vary", "error", "said"),
    [
        (["hidden=4,0"], UsageError, "In the setting hidden=0: mlp cannot have hidden=0"),
        (["network=mlp,cnn", "norm=batch"], UsageError, "In the setting network=cnn norm=batch"),
        (["epochs=0,5"], UsageError, "In the setting epochs=0"),
        (["size=1,50"], UsageError, "In the setting size=1"),
        (["hidden=axb"], TrainingFailed, "In the setting hidden=axb"),
    ],
)
def test_what_cannot_be_made_is_told_before_anything_is_trained(vary, error, said, short, tmp_path):
    with pytest.raises(error, match=said):
        sweep(short, vary, 2, tmp_path / "s", jobs=1)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("option", "value"), [("seeds", 0), ("models", 1), ("models", -1)])
def test_numbers_that_make_no_sweep(option, value, short, tmp_path):
    with pytest.raises(UsageError):
        sweep(short, VARY, out=tmp_path / "s", **{option: value})


def test_one_at_a_time(short, tmp_path):
    found = sweep(short, VARY, 1, tmp_path / "s", design="one-at-a-time", jobs=1)
    assert list(zip(found.table["dropout"], found.table["hidden"], strict=True)) == [
        ("0", "4"),
        ("0", "64"),
        ("0.4", "4"),
    ]
    assert found.table["test_low"].notna().all() and found.table["train_low"].isna().all()  # one seed: rows alone


@pytest.mark.slow
def test_rates_are_settled_once_for_settings_with_equal_trials(few, tmp_path):
    free = dataclasses.replace(
        few, train=few.train.take(np.arange(60)), truth={}, recipe=byheart.Recipe(epochs=2, batch=32)
    )
    found = sweep(free, ["dropout=0,0.3", "epochs=2,3"], 1, tmp_path / "s", jobs=1)
    assert len(list((tmp_path / "s" / "rates").glob("*.json"))) == 1
    assert found.table["learning_rate"].nunique() == 1 and found.table["learning_rate"].notna().all()


def test_without_a_folder_task_and_settings_name_one(short, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = sweep(short, ["epochs=1,2"], 1, jobs=1)
    assert found.folder.parent == tmp_path / "runs" and found.folder.name.startswith("few-sweep-")
    one, other = (default(short, factors_of([text], short), 0) for text in ("epochs=1,2", "epochs=1,3"))
    assert one != other


@pytest.mark.slow
def test_models_measure_what_is_memorized(short, tmp_path):
    found = sweep(short, ["hidden=4,64"], 2, tmp_path / "s", models=8, jobs=1)
    assert found.measure == "memorized"
    assert (found.table["memorized_low"] < found.table["memorized"]).all()
    assert found.table["memorized"][1] > found.table["memorized"][0]  # the large network holds more by heart
    before = contents(tmp_path / "s")
    for path in (tmp_path / "s" / "memorized").rglob("share-8.json"):
        path.unlink()
    sweep(short, ["hidden=4,64"], 2, tmp_path / "s", models=8, jobs=1)
    assert contents(tmp_path / "s") == before


def test_a_sweep_over_sizes_has_a_learning_curve(grown):
    (curve,) = grown.curves
    assert curve.sizes == (25, 50, 100, 200) and curve.label == ""
    np.testing.assert_allclose(curve.errors, 1 - grown.table["test"])
    assert (curve.reason == "") == (curve.b is not None)
    assert grown.table["examples"].tolist() == [25, 50, 100, 200]


def test_cells_are_small_and_hold_no_times(swept):
    for path in (swept.folder / "cells").glob("*.safetensors"):
        assert path.stat().st_size < 3000
        assert not [name for name in opened(path) if "second" in name]


def test_regression(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 3)).astype(np.float32)
    y = (x[:, 0] + 0.3 * random.normal(size=120)).astype(np.float32)
    task = byheart.Task((x[:60], y[:60]), (x[60:], y[60:]), recipe=byheart.Recipe(epochs=10, batch=16, lr=0.02))
    found = sweep(task, ["hidden=2,32"], 2, tmp_path / "s", jobs=1)
    assert found.metric == "loss" and found.measure == "gap"
    np.testing.assert_allclose(found.table["gap"], found.table["test"] - found.table["train"])
    assert found.best == int(found.table["validation"].argmin())
    assert found.table["test_low"].lt(found.table["test"]).all()


def test_groups_have_their_worst(short, tmp_path):
    grouped = lambda part: dataclasses.replace(part, groups=np.where(part.targets < 3, "low", "high"))  # noqa: E731
    task = dataclasses.replace(short, test=grouped(short.test), validation=grouped(short.validation))
    found = sweep(task, ["hidden=4,64"], 2, tmp_path / "s", jobs=1)
    assert set(found.table["worst_group_name"]) <= {"low", "high"}
    for k, name in enumerate(found.table["worst_group_name"]):
        assert found.table["worst_group"][k] == pytest.approx(
            found.test[k][:, grouped(short.test).groups == name].mean()
        )


def test_a_report_is_written_by_its_ending(swept, tmp_path):
    assert swept.report(tmp_path / "a.json").read_bytes() == (swept.folder / "sweep.json").read_bytes()
    assert swept.report(tmp_path / "a.html").stat().st_size > 10_000
    with pytest.raises(UsageError, match=r"choose one of: \.html"):
        swept.report(tmp_path / "a.pdf")
    assert "4 settings x 3 seeds" in repr(swept)
    assert swept.label(3) == "dropout=0.4 hidden=64"
    assert len(swept.frontier) == swept.table["frontier"].sum() >= 1
    assert swept.to_pandas().equals(swept.table) and swept.to_pandas() is not swept.table
