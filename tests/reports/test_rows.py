from __future__ import annotations

import base64
import csv
import io
import zlib

import numpy as np
import pandas as pd
import pytest

from byheart.reports import rows


def unpacked(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(zlib.decompress(base64.b64decode(text)).decode())))


def test_every_example_is_there_with_its_scores(pictures) -> None:
    text, left_out = rows.packed(rows.frame(pictures))
    table = unpacked(text)
    assert left_out == []
    assert [r["id"] for r in table] == pictures.scores.ids.astype(str).tolist()
    assert [int(r["given"]) for r in table] == pictures.task.train.targets.tolist()
    for name, values in pictures.scores.columns.items():
        found = np.array([float(r[name]) if r[name] else np.nan for r in table])
        np.testing.assert_allclose(found, values, rtol=6e-3, atol=1e-12)


def test_others_are_the_models_that_left_the_example_out(pictures) -> None:
    many = pictures.scores.many
    said, votes, asked = rows.others_say(many, many.n, 10)
    for i in range(0, many.n, 17):
        outside = many["predicted"][~many["member"][:, i], i]
        counts = np.bincount(outside, minlength=10)
        assert (said[i], votes[i], asked[i]) == (counts.argmax(), counts.max(), len(outside))


def test_others_of_a_regression_are_the_mean_in_the_targets_unit(regression) -> None:
    table = rows.frame(regression)
    many, (mean, deviation) = regression.scores.many, regression.task.target_scale
    outside = ~many["member"][:, 5]
    assert table["asked"][5] == outside.sum()
    if outside.any():
        wanted = many["logits"][outside, 5, 0].astype(float).mean() * deviation + mean
        assert table["others"][5] == pytest.approx(wanted)


def test_codes_name_the_findings_of_each_example(pictures) -> None:
    codes = rows.codes_of(pictures)
    for finding in pictures.findings:
        marked = pictures.scores.ids[[finding.code in c.split() for c in codes]]
        assert set(marked.tolist()) == set(finding.ids.tolist())


def test_ids_keep_commas_and_quotes_but_no_line_break(hostile) -> None:
    table = unpacked(rows.packed(rows.frame(hostile))[0])
    assert table[0]["id"] == 'row 0, "quoted" next line'
    assert len(table) == 60


def test_scores_stay_out_when_the_page_would_grow_too_large(monkeypatch) -> None:
    monkeypatch.setattr(rows, "BYTES", {"small": 30_000, "large": 0})
    noise = np.random.default_rng(0).normal(size=(1000, 20))
    table = pd.DataFrame({f"s{k:02d}": noise[:, k] for k in range(20)})
    text, left_out = rows.packed(table)
    assert len(text) <= 30_000
    assert left_out == [f"s{k:02d}" for k in range(19, 19 - len(left_out), -1)] and left_out


def test_unknown_values_are_empty() -> None:
    assert rows.compact(np.array([0.12345, 3.0, np.nan, -1e-9])).tolist() == ["0.123", "3", "", "-1e-09"]
