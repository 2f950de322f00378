"""Tables of any content: a task, or an error that says what is wrong with them and what to do."""

from __future__ import annotations

import csv
import io
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from byheart.base.errors import DataError
from byheart.data import frames
from byheart.data.frames import encode, task_of, task_of_file
from byheart.data.task import Task

here = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
ODD = st.sampled_from(
    ["", " ", "a", "1", "nan", "NA", "True", '"', '""', "\0", "a\0", "\n", "\r", "é", "1e400", "-0", "9" * 30, "0x1F",
     "1+2j", "\ufeff", "2020-01-01", "\u2028", "#"]
)  # fmt: skip
CELL = st.text(max_size=6) | st.integers().map(str) | st.floats().map(str) | ODD
ROWS = 12


def column(cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(cells, min_size=ROWS, max_size=ROWS)


COLUMN = st.one_of(
    column(CELL), column(st.integers(0, 2).map(str)), column(st.integers(-3, 3).map(str)),
    column(st.floats(allow_nan=False, width=32).map(str)), column(st.sampled_from(["a", "b", "c", "a\0"])),
)  # fmt: skip


def quoted(rows) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def bare(rows) -> str:
    return "\n".join(",".join(row) for row in rows)


def read_or_told(path, target: str) -> None:
    tracemalloc.start()
    try:
        task = task_of_file(path, target)
        assert isinstance(task, Task) and np.isfinite(task.train.inputs).all()
        assert len(task.train) + len(task.held_out) <= ROWS + 3 and task.train.inputs.shape[1] == len(
            task.feature_names
        )
    except DataError as error:
        assert error.what and (error.do or error.why)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20_000_000


@here
@given(content=st.binary(max_size=200), name=st.sampled_from(["t.csv", "t.parquet", "t.csv.gz", "t.csv.zip", "t.xz"]))
def test_any_bytes_are_read_or_told(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    read_or_told(tmp_path / name, "y")


@here
@given(
    rows=st.lists(st.lists(CELL, max_size=4), max_size=ROWS), writer=st.sampled_from([quoted, bare]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]), target=st.sampled_from(["y", "a", ""]),
)  # fmt: skip
def test_ragged_rows_quotes_and_encodings_are_read_or_told(tmp_path, rows, writer, encoding, target):
    (tmp_path / "t.csv").write_bytes(writer([["a", "b", "y"], *rows]).encode(encoding, "replace"))
    read_or_told(tmp_path / "t.csv", target)


@here
@given(columns=st.lists(COLUMN, min_size=1, max_size=4), heads=st.lists(CELL, min_size=4, max_size=4))
@example(columns=[["0", "1"] * 6, ["1e400"] * 12], heads=["y", "x", "", ""])
@example(columns=[["0", "1"] * 6, ["1e39"] * 12], heads=["y", "x", "", ""])
def test_whole_columns_of_any_kind_are_read_or_told(tmp_path, columns, heads):
    rows = [heads[: len(columns)], *zip(*columns, strict=True)]
    (tmp_path / "t.csv").write_text(quoted(rows), encoding="utf-8")
    read_or_told(tmp_path / "t.csv", heads[0])


KINDS = {
    "whole numbers, one missing": pd.array([1, None, 2, 3] * 3, dtype="Int64"),
    "whole numbers": pd.array([1, 2, 2, 0] * 3, dtype="Int64"),
    "floats, one missing": pd.array([1.5, None, 2, 3] * 3, dtype="Float64"),
    "text, one missing": pd.array(["a", None, "b", "b"] * 3, dtype="string"),
    "truth values, one missing": pd.array([True, None, False, True] * 3, dtype="boolean"),
    "truth values": np.arange(12) % 2 == 0,
    "categories": pd.Categorical(["a", "b", "a", "c"] * 3),
    "bytes": [b"a", b"\xff", b"c"] * 4,
    "days": pd.date_range("2020", periods=12),
    "lists of one": [[1], [2], [3]] * 4,
    "lists": [[1, 2], [3, 4], [5, 6]] * 4,
    "lists of text": [["a"], ["b", "c"]] * 6,
    "mappings": [{"a": 1}] * 12,
    "nothing": [None] * 12,
    "beyond int64": np.arange(12).astype(np.uint64) + 2**63,
    "classes": np.arange(12) % 3,
    "floats": np.arange(12) / 7,
}


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("feature", KINDS)
def test_columns_of_any_type_are_read_or_told(tmp_path, feature, target):
    pd.DataFrame({"x": KINDS[feature], "y": KINDS[target]}).to_parquet(tmp_path / "t.parquet")
    read_or_told(tmp_path / "t.parquet", "y")


@pytest.mark.parametrize("target", ["lists of one", "lists", "lists of text", "mappings", "days", "nothing"])
def test_labels_that_are_no_labels_are_refused(tmp_path, target):
    pd.DataFrame({"x": KINDS["floats"], "y": KINDS[target]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"cannot be read|are missing|different shapes"):
        task_of_file(tmp_path / "t.parquet", "y")


def test_a_column_of_names_is_refused_before_it_becomes_one_column_a_row(tmp_path, monkeypatch):
    names = [f"person {i}" for i in range(400)]
    pd.DataFrame({"name": names, "x": np.arange(400.0), "y": np.arange(400) % 2}).to_csv(tmp_path / "t.csv")
    assert len(task_of_file(tmp_path / "t.csv", "y").feature_names) == 402
    monkeypatch.setattr(frames, "CELLS", 400 * 400 - 1)
    with pytest.raises(DataError, match="'name' has 400 different values in 400 rows"):
        task_of_file(tmp_path / "t.csv", "y")


def test_one_long_cell_does_not_widen_all_the_others(tmp_path):
    """Text in an array is as wide as the longest of it: 2,000 rows of 100,000 characters would be 800 MB."""
    long, n = "long" * 25_000, 2_000
    table = pd.DataFrame({"word": ["a", "b"] * (n // 2), "y": np.arange(n) % 2})
    table.loc[5, "word"] = long
    table.to_csv(tmp_path / "t.csv", index=False)
    tracemalloc.start()
    try:
        task = task_of_file(tmp_path / "t.csv", "y")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert task.feature_names == ("word=a", "word=b", f"word={long}")
    table.assign(y=table["word"], word=1.0).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=r"A label has 100,000 characters"):
        task_of_file(tmp_path / "t.csv", "y")


def test_two_columns_of_one_name_are_refused():
    table = pd.DataFrame([[1.0, 2.0, 0], [2.0, 1.0, 1]], columns=["a", "a", "y"])
    with pytest.raises(DataError, match="Several columns are called 'a'"):
        task_of(table, table, target="y")


def test_categories_become_one_column_each_in_their_order():
    table = pd.DataFrame({"colour": ["red", "blue", "red\0", "red"], "size": [1, 2, 3, 4]})
    made, names = encode(table, {"colour": ["blue", "red", "red\0"]})
    assert names == ("colour=blue", "colour=red", "colour=red\0", "size")
    np.testing.assert_array_equal(made, [[0, 1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 1, 0, 4]])
    assert made.dtype == np.float32


def test_a_long_column_is_of_one_type(tmp_path):
    """Read in pieces, the numbers of the first half million rows would be another label than those near the text."""
    with (tmp_path / "t.csv").open("w") as file:
        file.write("x,y\n" + "1,1\n" * 600_000 + "2,a\n" * 10)
    assert set(frames.read_rows(tmp_path / "t.csv")["y"]) == {"1", "a"}
