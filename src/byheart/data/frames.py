"""Data frames and files of rows -> Task: categories one-hot, ids and groups from columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import DataError
from byheart.base.seeds import generator
from byheart.data.examples import Examples, content_ids, worded

if TYPE_CHECKING:
    from pandas import DataFrame

    from byheart.data.task import Task


ROW = "row number in the file"
CELLS = 100_000_000  # one-hot, 400 MB: a column of names would become one column per row


def task_of(
    train: DataFrame, test: DataFrame, *, target: str, ids: str | None = None, groups: str | None = None, **more: Any
) -> Task:
    """A Task from two frames with the same columns.

    `ids` names a column, or is "content"; `groups` names a column, which stays among the features. Columns that are not
    numbers become one-hot over the values of both frames. Errors: DataError for missing columns or values.
    """
    from byheart.data.task import Task

    for frame in (train, test):
        if twice := frame.columns[frame.columns.duplicated()].tolist():
            raise DataError(f"Several columns are called {twice[0]!r}.", do="give each column a name of its own")
        for column in (target, groups, None if ids == "content" else ids):
            if column is not None and column not in frame.columns:
                raise DataError(
                    f"There is no column {column!r}.",
                    f"The columns are: {', '.join(str(c) for c in frame.columns[:12] if c != ROW)}.",
                    "name one of them",
                )
    aside = {target, *([ids] if ids and ids != "content" else [])}
    features = [c for c in train.columns if c not in aside]
    if missing := [c for c in features if c not in test.columns]:
        raise DataError(f"The test frame lacks {missing[:5]}.", do="give both frames the same columns")
    if not features:
        raise DataError(f"There is no column beside {target!r} to learn it from.", do="add features")
    gaps = [c for c in features if np.any(train[c].isna()) or np.any(test[c].isna())]
    if gaps:
        raise DataError(
            f"Values are missing in {', '.join(map(str, gaps[:5]))}.", do="fill them, or drop rows or columns"
        )
    text = [c for c in features if train[c].dtype.kind not in "biuf"]
    categories = {c: sorted({*words(train[c]), *words(test[c])}) for c in text}
    check_width(len(train) + len(test), categories)

    def part(frame: Any) -> Examples:
        inputs, _ = encode(frame[features], categories)
        key: Any = None if ids is None else content_ids(inputs) if ids == "content" else frame[ids].to_numpy()
        return Examples(inputs, frame[target].to_numpy(), key, None if groups is None else frame[groups].to_numpy())

    names = encode(train[features].iloc[:1], categories)[1]
    return Task(part(train), part(test), feature_names=names, **more)


def check_width(rows: int, categories: dict[str, list[str]]) -> None:
    """DataError when the columns that are not numbers would make a table too wide to hold."""
    if rows * sum(map(len, categories.values())) > CELLS:
        widest = max(categories, key=lambda column: len(categories[column]))
        raise DataError(
            f"Column {widest!r} has {len(categories[widest]):,} different values in {rows:,} rows.",
            "Each would become a column of its own.",
            "drop it, or group its values",
        )


def words(column: Any) -> list[str]:
    """A column as texts: objects by what they say of themselves, dates as pandas writes them."""
    return worded(column) if column.dtype == object else column.astype(str).tolist()


def encode(frame: DataFrame, categories: dict[str, list[str]]) -> tuple[np.ndarray, tuple[str, ...]]:
    """A frame as numbers float32 (n, features): numeric columns as they are, others one-hot over their categories."""
    import pandas as pd

    parts, names = [], []
    for column in frame.columns:
        if column in categories:
            place = pd.Index(categories[column]).get_indexer(pd.Index(words(frame[column])))
            parts.append((place[:, None] == np.arange(len(categories[column]))).astype(np.float32))
            names += [f"{column}={value}" for value in categories[column]]
        else:
            with np.errstate(over="ignore"):  # infinite as float32: refused as such, by row
                parts.append(frame[[column]].to_numpy(np.float32))
            names.append(str(column))
    return np.concatenate(parts, 1), tuple(names)


def read_rows(path: str | Path) -> DataFrame:
    """A CSV or Parquet file as a frame; DataError when it cannot be read."""
    import pandas as pd

    path = Path(path)
    try:
        if path.suffix in (".parquet", ".pq"):
            return pd.read_parquet(path)
        return pd.read_csv(path, low_memory=False)  # read in pieces, a column may be of one type here and another there
    except FileNotFoundError:
        raise DataError(f"{path} does not exist.", do="check the path") from None
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path} cannot be read as a table.", f"({reason})", "give a CSV or Parquet file") from error


def task_of_file(path: str | Path, target: str, share: float = 0.25) -> Task:
    """A Task from one file of rows, a random quarter of them held out; ids are row numbers of the file, from 0."""
    frame = read_rows(path)
    frame = frame.assign(**{ROW: np.arange(len(frame))})
    rows = generator(0, "split", len(frame)).permutation(len(frame))
    held = int(np.ceil(share * len(frame)))
    test, train = frame.iloc[np.sort(rows[:held])], frame.iloc[np.sort(rows[held:])]
    return task_of(train, test, target=target, ids=ROW, name=Path(path).stem)
