"""The words and the table of silenced units, against a table written by hand and against a run."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from byheart.reports import location, silenced
from byheart.reports.json import content


def by_hand(memorized: list[float], others: list[float]) -> pd.DataFrame:
    """One activation, and one that nothing sits in; inf never flipped."""
    return pd.DataFrame([
        {"id": f"{own}{k}", "memorized": own, "layer": layer, "units": share * (25 if np.isinf(units) else int(units)),
         "flipped": np.isfinite(units)}
        for own, kind in ((True, memorized), (False, others)) for k, units in enumerate(kind)
        for layer, share in (("2", 1), ("4", 0))
    ])  # fmt: skip


@pytest.fixture
def found(by_layer):
    return by_layer.effects["location"].location


def test_medians_and_chance_are_said(found, by_layer):
    made = dataclasses.replace(found, flipped=by_hand([1, 2, 2, 2, 3, 4], [9, 25, np.inf, np.inf, np.inf, np.inf]))
    said = silenced.words(made, by_layer.task)
    assert "of 6 of them, half of the answers flip once 2 units are silenced" in said
    assert "of 6 others, fewer than half of the answers flip with 25 units silenced" in said
    assert "first need fewer, beyond chance" in said and "for the first, 100 % sits in `2 ReLU`" in said
    lines = silenced.table(made, by_layer.task)["lines"]
    assert lines[0][1:] == ["2 [1, 4]", "more than 25 [9, more than 25]"]
    assert [line[0] for line in lines[1:]] == ["of these in 2 ReLU, mean", "of these in 4 ReLU, mean"]
    assert lines[1][1:] == ["2.3", "22.3"] and lines[2][1:] == ["0.0", "0.0"]
    told = content(dataclasses.replace(by_layer, effects={"location": with_(by_layer, made)}))["location"]["units"]
    json.dumps(told, allow_nan=False)
    assert told["median"] == {"memorized": {"value": 2, "low": 1, "high": 4},
                              "others": {"value": None, "low": 9, "high": None}}  # fmt: skip


def test_equal_counts_are_no_finding(found, by_layer):
    made = dataclasses.replace(found, flipped=by_hand([1, 2, 3], [1, 2, 3]))
    assert "may be chance" in silenced.words(made, by_layer.task) and "[" not in silenced.interval(np.ones(3))
    assert "half of their answers flip once 2 units" in silenced.line(made)


def test_where_nothing_was_silenced_the_reason_stands(found, by_layer):
    made = dataclasses.replace(found, flipped=found.flipped.iloc[:0], unflipped="no answer is right that could flip")
    audit = dataclasses.replace(by_layer, effects={"location": with_(by_layer, made)})
    shown = location.section(audit)
    assert shown["units"] is None and "Units were not silenced: no answer is right that could flip." in shown["text"]
    assert content(audit)["location"]["units"] == {"not_measured": made.unflipped} and silenced.line(made) == ""


def test_the_run_s_own_are_on_the_line_and_in_the_section(by_layer, found):
    assert silenced.line(found) in location.line(by_layer) and silenced.line(found)
    assert silenced.words(found, by_layer.task) in location.section(by_layer)["text"]


def with_(audit, made):
    return dataclasses.replace(audit.effects["location"], location=made)
