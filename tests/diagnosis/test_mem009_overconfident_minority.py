from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import byheart
from byheart.base.errors import NotApplicable
from byheart.data.examples import Examples
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem009_overconfident_minority import most_overconfident, overconfident_minority

from .conftest import Columns, scores_of


def evidence(
    accuracy: float = 0.5, sure: float = 4.0, share: float = 0.05, groups: bool = True, seed: int = 0
) -> Evidence:
    """Three classes; of the group "few", a `share` of training and a fifth of held-out examples, so many answers are
    right; of the others .95. All answers have logits of about `sure`, except the others', 3.
    """
    random = np.random.default_rng(seed)

    def part(n: int, few: float) -> Examples:
        names = np.where(np.arange(n) < few * n, "few", "most")
        return Examples(random.normal(size=(n, 2)), random.integers(0, 3, n), groups=names if groups else None)

    task = byheart.Task(part(400, share), part(300, 0.2), validation=part(300, 0.2))
    arrays = {}
    for name in ("validation", "test"):
        examples, few = getattr(task, name), np.arange(300) < 60
        right = random.random(300) < np.where(few, accuracy, 0.95)
        said = np.where(right, examples.targets, (examples.targets + 1) % 3)
        arrays[f"final_{name}_logits"] = np.where(few, sure, 3.0)[:, None] * np.eye(3)[said]
    run = Columns(**arrays)
    return Evidence(task, run, None, scores_of(task, run))


def test_a_small_group_that_is_sure_and_wrong_is_found():
    e = evidence()
    found = overconfident_minority(e)
    assert found is not None and found.count == 20
    assert set(found.ids.tolist()) == set(range(20))
    assert "group few (5.0% of the training examples, 60 in test)" in found.evidence
    assert "ECE" in found.evidence and "by chance" in found.evidence
    np.testing.assert_array_equal(found.table["given"], e.task.train.targets[found.ids])


@pytest.mark.parametrize(
    ("why", "arguments"),
    [
        ("as good as the others", {"accuracy": 0.95, "sure": 3.0}),
        ("less often right, and it knows", {"accuracy": 0.5, "sure": 0.7}),
        ("no minority", {"share": 0.5}),
    ],
)
def test_others_are_not(why, arguments):
    assert all(overconfident_minority(evidence(seed=seed, **arguments)) is None for seed in range(5)), why


def test_equal_groups_are_seldom_accused():
    """The group is chosen on validation examples, so that chance has to strike twice."""
    accused = sum(overconfident_minority(evidence(0.95, 3.0, seed=s)) is not None for s in range(100))
    assert accused <= 2


def test_without_groups_rare_classes_are_looked_at():
    e = evidence(groups=False)
    assert overconfident_minority(e) is None  # three classes of one size
    random = np.random.default_rng(0)
    y = np.where(random.random(400) < 0.05, 2, random.integers(0, 2, 400))
    task = dataclasses.replace(e.task, train=Examples(random.normal(size=(400, 2)), y))
    arrays = {}
    for part in ("validation", "test"):
        targets = getattr(task, part).targets
        said = np.where((targets == 2) & (random.random(300) < 0.6), 0, targets)
        arrays[f"final_{part}_logits"] = 4.0 * np.eye(3)[said]
    found = overconfident_minority(Evidence(task, Columns(**arrays), None, scores_of(task)))
    assert found is not None and "The class 2" in found.evidence
    assert (found.table["given"] == 2).all()


def test_the_group_is_chosen_on_validation():
    e = evidence()
    assert most_overconfident(e, "group") == "few"
    swapped = {
        "final_validation_logits": e.run["final_test_logits"],
        "final_test_logits": 9.0 * np.eye(3)[e.task.test.targets],
    }
    assert overconfident_minority(dataclasses.replace(e, run=Columns(**swapped))) is None


@pytest.mark.parametrize("planted", ["", "label-noise=0.3", "shortcut-colour=0.95"])
def test_on_digits(planted, on_digits):
    evidence = on_digits(planted)
    found = overconfident_minority(evidence)
    assert (found is not None) == planted.startswith("shortcut")
    if found is not None:
        rare = evidence.task.truth["conflicting"]
        assert set(found.ids.tolist()) == set(evidence.task.train.ids[rare].tolist())


def test_what_cannot_be_told():
    x = np.linspace(0, 1, 40).reshape(20, 2)
    plane = byheart.Task((x, x[:, 0]), (x, x[:, 0]))
    with pytest.raises(NotApplicable, match="no confidence"):
        overconfident_minority(Evidence(plane, Columns(), None, scores_of(plane)))
    e = evidence()
    with pytest.raises(NotApplicable, match="final outputs"):
        overconfident_minority(dataclasses.replace(e, run=Columns(test_correct=np.ones((1, 300)))))
    part = dataclasses.replace(e.task.validation, groups=None)
    with pytest.raises(NotApplicable, match="validation examples have no groups"):
        overconfident_minority(dataclasses.replace(e, task=dataclasses.replace(e.task, validation=part)))
