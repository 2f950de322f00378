"""Attacks on matrices that lie on disk: the numbers of those in memory."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.privacy.answers import answers_of
from byheart.privacy.attacks import ATTACKS
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.runs import matrices


def on_disk(array) -> bool:
    """Whether it is a map of a file, or a view of one."""
    return isinstance(array, np.memmap) or (array is not None and on_disk(getattr(array, "base", None)))


@pytest.fixture(scope="module")
def folder(few, tmp_path_factory):
    short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1))
    return bh.record_subsets(short, 20, tmp_path_factory.mktemp("many"), share=0.5, jobs=1).folder


def test_every_attack_says_the_same_of_matrices_on_disk(folder, monkeypatch):
    answers = answers_of(bh.SubsetRuns(folder))
    monkeypatch.setattr(matrices, "LARGE", 0)
    mapped = answers_of(many := bh.SubsetRuns(folder))
    for name in ("member", "loss", "phi", "probability"):
        assert on_disk(getattr(mapped, name)) and not on_disk(getattr(answers, name)), name
        np.testing.assert_array_equal(getattr(mapped, name), getattr(answers, name))
    assert {p.name for p in folder.glob("*.npy")} == {f"{n}-of-20.npy" for n in ("member", "loss", "logits")}
    partner = partners(answers.member, answers.ids)
    for attack in ATTACKS:
        found = scores(mapped, partner, attack)
        monkeypatch.setattr(matrices, "LARGE", 1 << 30)
        in_memory = scores(answers, partner, attack)
        monkeypatch.setattr(matrices, "LARGE", 0)
        assert on_disk(found) and not on_disk(in_memory)
        assert np.isfinite(in_memory).any()
        np.testing.assert_array_equal(found, in_memory)
    np.testing.assert_array_equal(many.votes, bh.SubsetRuns(folder).votes)


def test_a_top_up_leaves_no_matrix_of_fewer_models(few, tmp_path, monkeypatch):
    monkeypatch.setattr(matrices, "LARGE", 0)
    short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1))
    assert bh.record_subsets(short, 2, tmp_path, jobs=1)["loss"].shape == (2, 260)
    assert bh.record_subsets(short, 3, tmp_path, jobs=1)["loss"].shape == (3, 260)
    assert [p.name for p in tmp_path.glob("*.npy")] == ["loss-of-3.npy"]
