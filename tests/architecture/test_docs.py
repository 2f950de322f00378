"""What the pages show in Python runs, in order, on a task small enough for a test."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import byheart as bh

DOCS = Path(__file__).parents[2] / "docs"
PACKAGES = {"spectral_exponents": "powerlaw"}  # what an example needs beside byheart


@pytest.mark.slow
def test_the_scores_that_are_called_from_python(tmp_path, monkeypatch):
    def small(source):
        task = digits(source)
        return dataclasses.replace(
            task, train=task.train.take(np.arange(150)), recipe=dataclasses.replace(task.recipe, epochs=30)
        )

    digits = bh.load
    monkeypatch.setattr(bh, "load", small)
    monkeypatch.chdir(tmp_path)
    text, names = (DOCS / "scores.md").read_text(encoding="utf-8"), {}
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 7
    for block in blocks:
        needs = [package for name, package in PACKAGES.items() if name in block]
        if all(importlib.util.find_spec(package) for package in needs):
            exec(compile(block, "scores.md", "exec"), names)
    assert names["unrolled"].sensitivity.shape == (5, 150) and names["matrix"].shape == (10, 10)
    assert 0 <= names["spread"] <= 1 and len(names["probes"]) > 2
    assert names["top"].helpful.shape == (5, 3) and names["datamodels"].influence.value.shape == (150, 150)
    assert names["sparse"].explained.shape == (3,)
    counts = [float(len(one.layers)) if one.flipped else np.inf for one in names["where"]]
    assert names["units"].tolist() == counts and len(counts) == 5
