from __future__ import annotations

import numpy as np

from byheart.base.store import read_table


def test_every_score_in_full_precision_beside_what_is_known(pictures, written) -> None:
    table = read_table(written(pictures, "parquet"))
    assert table.columns[:6].tolist() == ["id", "given", "others_say", "votes", "asked", "findings"]
    assert table["id"].tolist() == pictures.scores.ids.tolist()
    for name, values in pictures.scores.columns.items():
        np.testing.assert_array_equal(table[name], values)
    assert table["given"].tolist() == [str(k) for k in pictures.task.train.targets]
    assert (table["memorization_se"] >= 0).all()


def test_class_names_and_hostile_ids_are_kept_as_they_are(hostile, written) -> None:
    table = read_table(written(hostile, "parquet"))
    assert set(table["given"]) <= set(hostile.task.class_names)
    assert table["id"].tolist() == hostile.scores.ids.tolist()


def test_regression_keeps_its_targets(regression, written) -> None:
    table = read_table(written(regression, "parquet"))
    np.testing.assert_array_equal(table["given"], regression.task.train.targets)


def test_pairs_bear_the_names_of_their_classes(pictures, written) -> None:
    pairs, table = pictures.influence_pairs.table, read_table(written(pictures, "influence_parquet"))
    assert table["label"].tolist() == [str(k) for k in pairs["label"]]
    np.testing.assert_array_equal(table["influence"], pairs["influence"])
    assert table[["id", "held_out_id"]].equals(pairs[["id", "held_out_id"]])


def test_without_pairs_the_table_has_its_columns_and_no_row(regression, pictures, written) -> None:
    table = read_table(written(regression, "influence_parquet"))
    assert len(table) == 0 and table.columns.tolist() == pictures.influence_pairs.table.columns.tolist()
