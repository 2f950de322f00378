import numpy as np
import pytest

from byheart.diagnosis.check import Evidence
from byheart.diagnosis.groups import inside_worst, weakest, worst

from .conftest import Columns, clouds, scores_of


class Effect:
    """What `utility` gives, as far as groups read it."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def within(self, chosen: np.ndarray) -> tuple[float, float]:
        return float(self.rows[chosen].mean()), 0.01


def evidence(right_of_few: float, effects=None, groups: bool = True) -> Evidence:
    """Clouds where the group "few" (a fifth) is right so often and all else always."""
    task = clouds(groups=groups)
    arrays = {}
    for part in ("validation", "test"):
        examples = getattr(task, part)
        correct = np.ones(len(examples))
        if groups:
            few = np.flatnonzero(examples.groups == "few")
            correct[few[: round((1 - right_of_few) * len(few))]] = 0
        arrays[f"{part}_correct"] = correct[None]
    run = Columns(**arrays)
    return Evidence(task, run, None, scores_of(task, run), effects or {})


def test_the_gap_is_to_the_average_of_all():
    found = worst(evidence(0.0), "group")
    test = clouds(groups=True).test
    share = (test.groups == "few").mean()
    assert found.value == pytest.approx(-(1 - share))  # 0 against 1 - share
    assert found.most < -0.4
    assert found.low < found.value < found.high or found.value == pytest.approx(found.low, abs=0.1)
    assert "few" in found.text


def test_equal_groups_have_no_gap():
    found = worst(evidence(1.0), "group")
    assert found.low <= 0 <= found.high


def test_without_groups_it_is_not_measured_and_says_what_would():
    found = worst(evidence(0.5, groups=False), "group")
    assert not found.measured
    assert "groups" in found.buys
    assert worst(evidence(0.5, groups=False), "class").measured


def test_the_group_is_chosen_on_validation():
    e = evidence(1.0)
    few = e.task.validation.groups == "few"
    e.run.arrays["validation_correct"] = np.where(few, 0.0, 1.0)[None]
    assert weakest(e, "group") == "few"
    assert "few" in worst(e, "group").text  # though on test rows it is as good as the rest


def test_exceptions_are_no_group():
    e = evidence(1.0)
    groups = np.where(np.arange(60) == 7, "one", "most")
    import dataclasses

    parts = {p: dataclasses.replace(getattr(e.task, p), groups=groups) for p in ("validation", "test")}
    one = dataclasses.replace(e, task=dataclasses.replace(e.task, **parts))
    assert weakest(one, "group") is None


def test_worth_inside_the_weakest_group_is_read_on_its_test_rows():
    e = evidence(0.0)
    held = len(e.task.held_out)
    rows = np.zeros(held)
    few = np.flatnonzero(e.task.test.groups == "few")
    rows[held - len(e.task.test) + few] = 0.2
    e.effects["memorized"] = Effect(rows)
    found = inside_worst(e)
    assert found.value == pytest.approx(0.2)
    assert found.n == len(few)
    assert not inside_worst(evidence(0.0)).measured
    assert not inside_worst(evidence(0.0, {"memorized": Effect(rows)}, groups=False)).measured


def test_regression_is_judged_by_its_loss(line):
    import dataclasses

    groups = {
        p: np.where(np.arange(len(getattr(line.task, p))) % 3 == 0, "a", "b") for p in ("train", "validation", "test")
    }
    task = dataclasses.replace(
        line.task, **{p: dataclasses.replace(getattr(line.task, p), groups=g) for p, g in groups.items()}
    )
    found = worst(dataclasses.replace(line.evidence, task=task), "group")
    assert found.kind == "loss"
    assert found.low < found.value < found.high
