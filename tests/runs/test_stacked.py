"""Subset models trained in stacks: the matrix of one by one to rounding, never mixed with it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import RunError, UsageError
from byheart.runs.stacked import record_stacked_subsets


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "timing.json"}


@pytest.fixture(scope="module")
def short(few):
    return dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1))


@pytest.fixture(scope="module")
def many(short, tmp_path_factory):
    return record_stacked_subsets(short, 8, tmp_path_factory.mktemp("many"), group=4, jobs=1)


def test_after_an_epoch_it_is_the_matrix_of_one_by_one_to_rounding(short, many, tmp_path):
    alone = bh.record_subsets(short, 8, tmp_path, jobs=1)
    np.testing.assert_array_equal(many["member"], alone["member"])
    np.testing.assert_allclose(many["loss"], alone["loss"], rtol=1e-4, atol=1e-5)
    assert many.record.execution == "stacked" and alone.record.execution == "single"


def test_workers_topping_up_and_a_mirror_leave_the_same_bytes(short, many, tmp_path):
    url = f"file://{tmp_path}/shared"
    record_stacked_subsets(short, 4, tmp_path / "first", group=4, jobs=1, mirror=url)
    record_stacked_subsets(short, 8, tmp_path / "second", group=4, jobs=2, mirror=url)
    assert contents(tmp_path / "second") == contents(many.folder)
    (tmp_path / "second" / "model-0005.safetensors").unlink()
    record_stacked_subsets(short, 8, tmp_path / "second", group=4, jobs=1)
    assert contents(tmp_path / "second") == contents(many.folder)


def test_executions_and_groups_are_not_mixed(short, many, tmp_path):
    with pytest.raises(RunError, match=r"execution \(stacked there, single here\)"):
        bh.record_subsets(short, 8, many.folder, jobs=1)
    with pytest.raises(RunError, match="another group"):
        record_stacked_subsets(short, 8, many.folder, group=2, jobs=1)
    bh.record_subsets(short, 2, tmp_path, jobs=1)
    with pytest.raises(RunError, match=r"execution \(single there, stacked here\)"):
        record_stacked_subsets(short, 4, tmp_path, group=2, jobs=1)


@pytest.mark.parametrize(("models", "group"), [(6, 4), (4, 0)])
def test_a_group_is_trained_whole(short, tmp_path, models, group):
    with pytest.raises(UsageError, match="at a time"):
        record_stacked_subsets(short, models, tmp_path, group=group)
