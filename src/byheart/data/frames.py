"""Data frames and files of rows -> Task: categories one-hot, ids and groups from columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.errors import DataError
from byheart.base.seeds import generator
from byheart.data.examples import Examples, content_ids, encode

if TYPE_CHECKING:
    from pandas import DataFrame

    from byheart.data.task import Task


ROW = "row number in the file"


def task_of(
    train: DataFrame, test: DataFrame, *, target: str, ids: str | None = None, groups: str | None = None, **more: Any
) -> Task:
    """A Task from two frames with the same columns.

    `ids` names a column, or is "content"; `groups` names a column, which stays among the features. Columns that are not
    numbers become one-hot over the values of both frames. Errors: DataError for missing columns or values.
    """
    from byheart.data.task import Task

    for frame in (train, test):
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
    categories = {c: sorted({*train[c].astype(str), *test[c].astype(str)}) for c in text}

    def part(frame: Any) -> Examples:
        inputs, _ = encode(frame[features], categories)
        key: Any = None if ids is None else content_ids(inputs) if ids == "content" else frame[ids].to_numpy()
        return Examples(inputs, frame[target].to_numpy(), key, None if groups is None else frame[groups].to_numpy())

    names = encode(train[features].iloc[:1], categories)[1]
    return Task(part(train), part(test), feature_names=names, **more)


def read_rows(path: str | Path) -> DataFrame:
    """A CSV or Parquet file as a frame; DataError when it cannot be read."""
    import pandas as pd

    path = Path(path)
    try:
        return pd.read_parquet(path) if path.suffix in (".parquet", ".pq") else pd.read_csv(path)
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
