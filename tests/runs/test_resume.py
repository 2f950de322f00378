"""An interrupted training goes on from exactly what was written, or says that it cannot."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import byheart as bh
from byheart.base.errors import RunError
from byheart.base.store import read_arrays, write_arrays
from byheart.runs import single
from byheart.runs.loop import begin, fit
from byheart.runs.resume import pack, saved, unpack

here = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def task(few):
    recipe = dataclasses.replace(few.recipe, epochs=4)
    return dataclasses.replace(few, train=few.train.take(np.arange(60)), truth={}, recipe=recipe)


@pytest.fixture(scope="module")
def interrupted(task, tmp_path_factory) -> Path:
    """The folder of a run that was killed after its second epoch."""
    folder, real = tmp_path_factory.mktemp("interrupted"), single.write_arrays

    def dying(path, arrays):
        real(path, arrays)
        if path.name == single.STATE and int(arrays["epoch"]) == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(single, "SAVE_EVERY", 0.0)
        patch.setattr(single, "write_arrays", dying)
        with pytest.raises(KeyboardInterrupt):
            bh.record(task, folder)
    return folder


def changed(arrays: dict[str, np.ndarray], data) -> dict[str, np.ndarray]:
    """One array missing, shorter, of another kind, or with another number in it."""
    name = data.draw(st.sampled_from(sorted(arrays)))
    how = data.draw(st.sampled_from(["missing", "shorter", "kind", "number"]))
    array = arrays[name]
    if how == "missing":
        return {k: a for k, a in arrays.items() if k != name}
    if how == "shorter":
        return arrays | {name: array[:-1] if array.ndim else array[None]}
    if how == "kind":
        return arrays | {name: array.astype(np.float64 if array.dtype != np.float64 else np.float32)}
    other = array.copy().reshape(-1)
    other[-1:] = ~other[-1:] if other.dtype == bool else other[-1:] + 1
    return arrays | {name: other.reshape(array.shape)}


def test_a_state_goes_on_where_it_was(task, tmp_path):
    state = fit(begin(task, np.arange(60), 0))
    write_arrays(tmp_path / "state", pack(state))
    other = begin(task, np.arange(60), 1)
    unpack(other, saved(tmp_path / "state"))
    for (name, a), b in zip(state.network.state_dict().items(), other.network.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=name)
    assert other.epoch == 4 and pack(other).keys() == pack(state).keys()


@here
@given(data=st.data())
def test_a_state_that_is_not_what_was_written_is_refused(interrupted, tmp_path, data):
    """An optimizer would compute with a momentum that is too short, beyond its end."""
    write_arrays(tmp_path / "state", changed(read_arrays(interrupted / single.STATE), data))
    with pytest.raises(RunError, match="is damaged"):
        saved(tmp_path / "state")


@here
@given(data=st.data())
def test_a_damaged_folder_goes_on_or_says_what_is_damaged(task, interrupted, tmp_path, data):
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(interrupted, folder)
    path = folder / data.draw(st.sampled_from(sorted(p.name for p in folder.iterdir())))
    raw = bytearray(path.read_bytes())
    how = data.draw(st.sampled_from(["cut", "flip", "noise", "changed"]))
    if how == "changed" and path.suffix == ".safetensors":
        write_arrays(path, changed(read_arrays(path), data))
    elif how == "cut":
        path.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
    elif how == "noise":
        path.write_bytes(data.draw(st.binary(max_size=40)))
    else:
        for _ in range(3):
            raw[data.draw(st.integers(0, min(len(raw), 600) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(bytes(raw))
    try:
        assert bh.record(task, folder).epochs == 4
    except RunError as error:
        assert error.what and error.do
