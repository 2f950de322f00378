"""Subset models at a URL: another machine, here another folder, goes on with what is there."""

from __future__ import annotations

import dataclasses
import sys
import uuid

import pytest

import byheart as bh
from byheart.base.errors import MissingExtra, RunError, StorageError, UsageError
from byheart.runs.mirror import Mirror
from byheart.runs.schema import read_record


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "timing.json"}


@pytest.fixture(scope="module")
def few(few):
    return dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1))


@pytest.fixture
def memory():
    """A URL in this process's memory."""
    url = f"memory://byheart-{uuid.uuid4().hex}/subsets"
    yield url
    import fsspec

    fsspec.filesystem("memory").rm(url, recursive=True)


def test_another_machine_tops_up_what_is_there(few, memory, tmp_path):
    bh.record_subsets(few, 8, tmp_path / "first", jobs=1, mirror=memory)
    began = {f"model-{k:04d}.safetensors" for k in range(8)}
    assert Mirror(memory).names() == began | {"run.json", "examples.parquet", "held_out.parquet"}
    trained = []

    class Count:
        def start(self, name, total, begun=0):
            trained.append(total - begun)
            return self

        def advance(self, n=1, note=""): ...
        def done(self, note=""): ...

    many = bh.record_subsets(few, 12, tmp_path / "second", jobs=1, mirror=memory, progress=Count())
    assert trained == [4] and many.models == 12
    alone = bh.record_subsets(few, 12, tmp_path / "alone", jobs=1)
    assert contents(tmp_path / "second") == contents(alone.folder)
    # asking for fewer, anywhere, finds all
    assert bh.record_subsets(few, 2, tmp_path / "third", jobs=1, mirror=memory).models == 12
    assert contents(tmp_path / "third") == contents(alone.folder)


def test_workers_of_their_own_copy_what_they_trained(few, tmp_path):
    url = f"file://{tmp_path}/shared"
    bh.record_subsets(few, 4, tmp_path / "here", jobs=2, mirror=url)
    assert contents(tmp_path / "shared") == contents(tmp_path / "here")
    assert not list((tmp_path / "shared").glob("*.partial"))


def test_a_model_is_there_before_the_next_is_trained(few, memory, tmp_path):
    class Stop(Exception): ...

    class Third:
        count = 0

        def start(self, name, total, begun=0):
            return self

        def advance(self, n=1, note=""):
            Third.count += n
            if Third.count == 3:
                raise Stop

        def done(self, note=""): ...

    with pytest.raises(Stop):
        bh.record_subsets(few, 6, tmp_path / "cut", jobs=1, mirror=memory, progress=Third())
    assert Mirror(memory).names() == {"run.json", *(f"model-{k:04d}.safetensors" for k in range(3))}
    assert Mirror(memory).record().done is False
    bh.record_subsets(few, 6, tmp_path / "on", jobs=1, mirror=memory)
    alone = bh.record_subsets(few, 6, tmp_path / "alone", jobs=1)
    assert contents(tmp_path / "on") == contents(alone.folder)


def test_another_experiment_there_is_refused_and_nothing_is_mixed(few, memory, tmp_path):
    bh.record_subsets(few, 2, tmp_path / "one", jobs=1, mirror=memory)
    with pytest.raises(RunError, match=r"memory://.* another seed"):
        bh.record_subsets(few, 2, tmp_path / "other", seed=1, jobs=1, mirror=memory)
    assert not (tmp_path / "other").exists()


def test_what_only_the_folder_has_is_copied(few, memory, tmp_path):
    bh.record_subsets(few, 4, tmp_path / "one", jobs=1)
    bh.record_subsets(few, 2, tmp_path / "one", jobs=1, mirror=memory)
    assert len(Mirror(memory).names()) == 7
    assert Mirror(memory).record() == read_record(tmp_path / "one")


def test_a_chosen_learning_rate_goes_along(few, memory, tmp_path):
    trial = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, lr=None))
    bh.record_subsets(trial, 2, tmp_path / "one", jobs=1, mirror=memory)
    bh.record_subsets(trial, 2, tmp_path / "two", jobs=1, mirror=memory)
    assert contents(tmp_path / "two") == contents(tmp_path / "one") and "learning_rate.json" in contents(
        tmp_path / "two"
    )


def test_places_that_nobody_reaches_say_so(few, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no place"):
        bh.record_subsets(few, 2, tmp_path / "a", jobs=1, mirror="nowhere://x")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="could not be"):
        Mirror(f"file://{tmp_path}/file/below").put(tmp_path / "file")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtra, match="scale"):
        Mirror("memory://x").names()
