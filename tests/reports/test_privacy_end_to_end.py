"""Attacks on whole audits of small tasks: a table, a convolutional network, numbers to predict, very many classes."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from byheart.base.errors import RunError
from byheart.base.registry import find
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.reports import privacy
from byheart.reports.audit import audit

MODELS = 6


def table():
    """A table of two given groups, like Adult."""
    wine = find("task", "wine")()
    train = dataclasses.replace(wine.train, groups=np.where(np.arange(len(wine.train)) % 3 == 0, "third", "rest"))
    return dataclasses.replace(wine, train=train, recipe=Recipe(epochs=4, batch=16, lr=0.05))


def numbers():
    """A table with a number to predict."""
    whole = find("task", "diabetes")()
    train = whole.train.take(np.arange(80))
    return dataclasses.replace(whole, train=train, recipe=Recipe(epochs=4, batch=16, lr=0.03))


def many_classes():
    """More classes than all logits are kept of: attacks read the loss."""
    g = np.random.default_rng(0)
    parts = [Examples(g.normal(size=(n, 8)).astype(np.float32), np.arange(n) % 70) for n in (210, 70, 70)]
    base = find("task", "wine")()
    return dataclasses.replace(
        base, name="many", train=parts[0], validation=parts[1], test=parts[2], classes=70, class_names=(),
        feature_names=(), recipe=Recipe(epochs=3, batch=32, lr=0.05),
    )  # fmt: skip


@pytest.mark.parametrize("task", [table, numbers, many_classes])
def test_an_audit_with_attacks_from_data_to_report(task, tmp_path):
    audited(task(), tmp_path)


def test_a_convolutional_network(few, tmp_path):
    audited(dataclasses.replace(few, network="cnn", recipe=Recipe(epochs=1, batch=32, lr=0.05)), tmp_path)


def test_queries_are_asked_and_told(few, tmp_path):
    task = dataclasses.replace(few, recipe=Recipe(epochs=2, batch=32, lr=0.05))
    given = {"models": MODELS, "pairs": 0, "jobs": 1, "privacy": True}
    plain = audit(task, tmp_path / "plain", 30.0, **given)
    asked = audit(task, tmp_path / "asked", 30.0, **given, queries=["left=1", "up=1"])
    leaks = [one.effects["privacy"] for one in (plain, asked)]
    assert [leak.queries for leak in leaks] == [1, 3] and leaks[0].first.measured.auc != leaks[1].first.measured.auc
    notes = [" ".join(privacy.section(one)["notes"]) for one in (plain, asked)]
    assert "asked 3 times about an example" in notes[1] and "times about an example" not in notes[0]
    assert json.loads((tmp_path / "asked" / "audit.json").read_text())["privacy"]["queries"] == 3
    with pytest.raises(RunError, match="subsets"):
        audit(task, tmp_path / "asked", 30.0, **given)


def audited(task, folder):
    found = audit(task, folder, 30.0, models=MODELS, pairs=0, jobs=1, privacy=True)
    leak = found.effects["privacy"]
    assert not isinstance(leak, str)
    assert leak.first.models == MODELS and leak.first.measured.attack == "rmia_online" and leak.check.clean
    assert all(0 <= m.auc_low <= m.auc <= m.auc_high <= 1 for m in leak.attacks.values()) and len(leak.attacks) == 8
    told = json.loads((folder / "audit.json").read_text())["privacy"]
    assert told["models"] == MODELS and set(told["attacks"]) == set(leak.attacks)
    page = (folder / "audit.html").read_text(encoding="utf-8")
    assert 'id="chart-roc"' in page and privacy.lines(found)[0].split(":")[0] in " ".join(page.split())
