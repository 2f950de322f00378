from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.base.store import read_arrays, read_table, write_arrays, write_table
from byheart.runs.schema import read_record


@pytest.fixture(scope="module")
def whole(few, tmp_path_factory):
    return bh.record(few, tmp_path_factory.mktemp("run")).folder


SIMPLE = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False)
)
KEYS = st.sampled_from(["format", "seed", "done", "kind"])
ANYTHING = st.recursive(SIMPLE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=6)


def read_all(folder):
    run = bh.Run(folder)
    for name in ("loss", "correct", "seen", "test_loss", "final_logits", "features"):
        assert run[name].ndim == 2
    return (
        len(run.ids),
        len(run.targets),
        len(run.test_ids),
        len(run.validation_ids),
        run.weights,
        repr(run),
        run.timing,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_folder_reads_or_says_what_is_damaged(whole, tmp_path, data):
    files = sorted(p.name for p in whole.iterdir())
    name = data.draw(st.sampled_from(files))
    raw = bytearray((whole / name).read_bytes())
    if data.draw(st.booleans()):
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):  # headers are at the front, Parquet's at the end
            place = data.draw(st.one_of(st.integers(0, min(len(raw), 400) - 1), st.integers(-min(len(raw), 400), -1)))
            raw[place] ^= 1 << data.draw(st.integers(0, 7))
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    (folder / name).write_bytes(bytes(raw))
    try:
        read_all(folder)
    except (RunError, KeyError) as error:
        assert str(error)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANYTHING)
def test_a_record_of_any_content_is_refused_with_a_reason(tmp_path, content):
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"run\.json"):
        read_record(tmp_path)


def test_weights_of_another_network_are_told(few, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    arrays = read_arrays(folder / "network.safetensors")
    last = sorted(arrays)[-1]
    for damaged in ({k: a for k, a in arrays.items() if k != last}, arrays | {last: arrays[last][:-1]}):
        write_arrays(folder / "network.safetensors", damaged)
        with pytest.raises(UsageError, match="do not fit the task's network"):
            bh.Run(folder).network(few)


def test_another_schema_is_named(whole, tmp_path):
    content = json.loads((whole / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(content | {"schema_version": 99}))
    with pytest.raises(RunError, match="schema 99"):
        bh.Run(tmp_path)
    assert list(content)[-1] == "done" and content["done"] is True


def test_what_is_not_there_is_told(whole, tmp_path):
    with pytest.raises(KeyError, match="there are"):
        bh.Run(whole)["nothing"]
    with pytest.raises(RunError, match="does not exist"):
        bh.Run(tmp_path)
    with pytest.raises(RunError, match="holds run, not subset runs"):
        bh.SubsetRuns(whole)


def test_regression_keeps_the_targets_as_given(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    y = (x[:, 0] * 3 + 70).astype(np.float32)
    run = bh.record(bh.Task((x, y), (x[:10], y[:10]), recipe=bh.Recipe(epochs=2, lr=0.01)), tmp_path)
    np.testing.assert_array_equal(run.targets, y)
    assert run["loss"][0].mean() < 20  # in squared standard deviations, not in squared units


def test_a_run_that_did_not_fit_its_examples_says_so(few, whole, tmp_path):
    import dataclasses

    assert "below 99%" in bh.Run(whole).shortfall  # six epochs
    longer = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=60))
    assert bh.record(longer, tmp_path).shortfall == ""


@pytest.mark.parametrize(
    ("file", "name", "change"),
    [
        ("trajectory", "loss", lambda a: None),
        ("trajectory", "test_correct", lambda a: None),
        ("trajectory", "validation_loss", lambda a: a.T),
        ("trajectory", "seen", lambda a: a[:-1]),
        ("final", "final_logits", lambda a: a[:-1]),
        ("final", "test_features", lambda a: None),
    ],
)
def test_columns_that_are_missing_or_of_another_shape_are_named(whole, tmp_path, file, name, change):
    folder = shutil.copytree(whole, tmp_path / "run")
    arrays = read_arrays(folder / f"{file}.safetensors")
    changed = change(arrays.pop(name))
    write_arrays(folder / f"{file}.safetensors", arrays if changed is None else arrays | {name: changed})
    with pytest.raises(RunError, match=f"{file}.safetensors is damaged"):
        bh.Run(folder)[name]


@pytest.mark.parametrize("name", ["trajectory.safetensors", "examples.parquet", "final.safetensors"])
def test_a_file_that_was_deleted_is_made_again(few, whole, tmp_path, name):
    folder = shutil.copytree(whole, tmp_path / "run")
    (folder / name).unlink()
    bh.record(few, folder)
    assert (folder / name).read_bytes() == (whole / name).read_bytes()


def test_a_table_of_other_labels_is_refused(few, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    table = read_table(folder / "examples.parquet")
    write_table(folder / "examples.parquet", table.assign(target=(table["target"] + 1) % 10))
    with pytest.raises(RunError, match="not the task's"):
        bh.record(few, folder)


@pytest.mark.parametrize(
    "content",
    ["null", "[]", '{"cpu_seconds": "long"}', "{", '{"cpu_seconds": 1, "machine": 3}',
     *(f'{{"cpu_seconds": {seconds}, "machine": {{}}}}' for seconds in ("NaN", "-1", "Infinity", 10**400))],
)  # fmt: skip
def test_times_that_cannot_be_read_are_left_out(whole, tmp_path, content):
    folder = shutil.copytree(whole, tmp_path / "run")
    (folder / "timing.json").write_text(content)
    assert bh.Run(folder).timing == {}
