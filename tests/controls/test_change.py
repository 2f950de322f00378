"""Measures before and after against direct computation, and the words for their differences."""

import dataclasses

import numpy as np
import pytest

from byheart.controls.change import Change, Line, ece_line, lines_of, row_of, worst_group
from byheart.controls.drop import Drop
from byheart.controls.paired import paired_rows
from byheart.controls.plan import Plan
from byheart.data.examples import Examples
from byheart.diagnosis.uncertainty import Interval

ZERO = Interval(0.0, 0.0, 0.0)


def line(low, high, higher: bool | None = True, name="test_accuracy") -> Line:
    return Line(name, ZERO, ZERO, Interval((low + high) / 2, low, high), "share", higher, "rows")


@pytest.fixture(scope="module")
def grouped(few):
    """`few` with groups of which one is on no test example, and 3 seeds of arms."""

    def part(examples: Examples, names: list[str]) -> Examples:
        return dataclasses.replace(examples, groups=np.resize(np.array(names), len(examples)))

    task = dataclasses.replace(
        few, train=part(few.train, ["a", "b"]), validation=part(few.validation, ["a", "b", "c"]),
        test=part(few.test, ["b", "a"]),
    )  # fmt: skip
    rng = np.random.default_rng(0)

    def arm(chance: float) -> dict[str, np.ndarray]:
        right = (rng.random((3, 60)) < chance).astype(float)
        right[:, :30][:, task.validation.groups == "c"] = 0  # worst, but not on test examples
        right[:, :30][:, task.validation.groups == "b"] *= rng.random((3, 10)) < 0.6
        return {"correct": right, "loss": rng.random((3, 60)), "confidence": rng.uniform(0.3, 1, (3, 60)),
                "train": (rng.random((3, 200)) < chance).astype(float)}  # fmt: skip

    return task, arm(0.6), arm(0.9)


def test_verdicts_and_gains():
    assert [line(*x).verdict for x in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1), (0.0, 0.1))] == [
        "better", "worse", "not resolved", "not resolved"]  # fmt: skip
    assert line(0.1, 0.2, False).verdict == "worse" and line(-0.2, -0.1, False).verdict == "better"
    assert line(0.1, 0.2, None).verdict == "higher" and line(-0.2, -0.1, None).verdict == "lower"
    assert line(float("nan"), float("nan")).verdict == "not resolved"
    assert line(0.1, 0.2, False).gain == pytest.approx((-0.15, -0.2, -0.1)) and line(0.1, 0.2).gain.low == 0.1


def test_every_mean_is_the_direct_one(grouped):
    task, a, b = grouped
    lines = {found.name: found for found in lines_of(task, a, b)}
    test, there, wrong = slice(30, None), slice(0, 30), task.truth["wrong"]
    at = lambda part: getattr(task, part).groups == "b"  # noqa: E731
    direct = {
        "test_accuracy": lambda x: x["correct"][:, test],
        "validation_accuracy": lambda x: x["correct"][:, there],
        "nll": lambda x: x["loss"][:, test],
        "train_accuracy": lambda x: x["train"],
        "wrong_fitted": lambda x: x["train"][:, wrong],
        "worst_group": lambda x: x["correct"][:, test][:, at("test")],
        "worst_group_validation": lambda x: x["correct"][:, there][:, at("validation")],
    }
    assert [*lines] == [
        "test_accuracy", "wrong_fitted", "worst_group", "worst_group_validation", "nll", "ece", "validation_accuracy",
        "train_accuracy"]  # fmt: skip
    for name, take in direct.items():
        found = lines[name]
        assert found.before.value == pytest.approx(take(a).mean()) and found.after.value == pytest.approx(
            take(b).mean()
        )
        assert found.difference == paired_rows(take(a), take(b), name != "nll")
    assert {name for name, found in lines.items() if found.chooses} == {"worst_group_validation", "validation_accuracy"}
    assert {n: x.higher for n, x in lines.items() if x.higher is not True} == {
        "wrong_fitted": False, "nll": False, "ece": False, "train_accuracy": None}  # fmt: skip


def test_ece_by_a_loop_over_bins(grouped):
    _, a, b = grouped
    found = ece_line(a, b, slice(0, 60), "all")

    def slow(confidence, right):  # 60 rows make 3 bins of 20
        order = np.argsort(confidence)
        return sum(abs(right[bin].mean() - confidence[bin].mean()) * len(bin) / 60 for bin in np.split(order, 3))

    was, now = ([slow(x["confidence"][k], x["correct"][k]) for k in range(3)] for x in (a, b))
    assert found.before.value == pytest.approx(np.mean(was)) and found.after.value == pytest.approx(np.mean(now))
    assert found.difference.value == pytest.approx(np.mean(now) - np.mean(was))
    assert found.difference.low < found.difference.value < found.difference.high


def test_the_weakest_group_is_chosen_on_validation_before(grouped):
    task, a, _ = grouped
    right, groups = a["correct"][:, :30], task.validation.groups
    means = {g: right[:, groups == g].mean() for g in "ab"}
    assert worst_group(task, right) == min(means, key=means.__getitem__) == "b"  # c is worse, and on no test example
    assert worst_group(dataclasses.replace(task, train=dataclasses.replace(task.train, groups=None)), right) is None
    one = dataclasses.replace(task, test=dataclasses.replace(task.test, groups=np.full(30, "a")))
    assert worst_group(one, right) is None


def test_a_row_and_a_change_of_plain_values():
    found = row_of(line(0.1, 0.2, name="nll"))
    assert found["measure"] == "nll" and found["difference_low"] == 0.1 and found["verdict"] == "better"
    assert found["higher_is_better"] is True and {"before", "after_high", "over"} < set(found)
    change = Change(Plan((Drop((1,)),)), "few", (line(0.1, 0.2), line(0, 0, name="nll")), 3, (10, 9))
    assert change["nll"].name == "nll" and "nll" in change and "ece" not in change
    assert change.to_pandas()["measure"].tolist() == ["test_accuracy", "nll"]
    assert repr(change) == "Change(few: test_accuracy +0.1500, better; 3 pairs)"
    with pytest.raises(KeyError, match="'ece'"):
        change["ece"]
