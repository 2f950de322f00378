from __future__ import annotations

import json

import numpy as np
import pytest

from byheart.base.store import read_json
from byheart.reports.json import as_plain, content, summary


def test_it_reads_back_and_holds_the_verdict_and_every_finding(pictures, written) -> None:
    found = read_json(written(pictures, "json"))
    assert found["verdict"]["word"] == pictures.verdict.word
    assert {f["code"]: f["count"] for f in found["findings"]} == {f.code: f.count for f in pictures.findings}
    for made, finding in zip(found["findings"], sorted(pictures.findings, key=lambda f: f.code), strict=True):
        assert made["ids"] == finding.ids.tolist()
    assert found["measures"]["test_accuracy"]["value"] == pytest.approx(pictures.measures["test_accuracy"].value)
    assert found["effects"]["memorized"]["utility"] == pytest.approx(pictures.effects["memorized"].utility)
    assert set(found["scores"]) == set(pictures.scores.columns)
    assert found["run"]["versions"]["torch"] and found["command"] == pictures.command


def test_it_holds_the_first_hundred_pairs_and_how_many_there_are(pictures, regression, written) -> None:
    found, pairs = read_json(written(pictures, "json"))["influence_pairs"], pictures.influence_pairs
    assert found["high"] == {"threshold": 0.15, "found": pairs.high.found, "by_chance": pairs.high.by_chance}
    assert len(found["pairs"]) == min(100, len(pairs)) > 0 and found["skipped"] is None
    assert [p["held_out_id"] for p in found["pairs"]] == pairs.table["held_out_id"].head(100).tolist()
    none = read_json(written(regression, "json"))["influence_pairs"]
    assert none["pairs"] == [] and "not classes" in none["skipped"]


def test_unknown_numbers_are_null(regression, written) -> None:
    text = written(regression, "json").read_text()
    assert "NaN" not in text and "Infinity" not in text
    assert as_plain({"a": [np.nan, 1.0], "b": np.array([np.inf])}) == {"a": [None, 1.0], "b": [None]}


def test_equal_audits_are_equal_bytes(pictures) -> None:
    assert json.dumps(content(pictures)) == json.dumps(content(pictures))
    assert "seconds" not in json.dumps(content(pictures))


def test_summary_leaves_the_unknown_out() -> None:
    assert summary(np.array([1.0, np.nan, 3.0])) == {
        "known": 2,
        "mean": 2.0,
        "percentiles": pytest.approx([1, 1.1, 1.5, 2, 2.5, 2.9, 3]),
    }
    assert summary(np.array([np.nan]))["known"] == 0
