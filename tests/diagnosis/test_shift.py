import numpy as np
import pytest

from byheart.base.errors import DataError
from byheart.diagnosis.calibration import answers, expected_calibration_error
from byheart.diagnosis.proportion import difference
from byheart.diagnosis.shift import Answers, independent_accuracy, paired_accuracy, shift


def of(n: int, accuracy: float, seed: int, first: int = 0, sure: float = 3.0) -> Answers:
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, n)
    said = np.where(random.random(n) < accuracy, y, (y + 1) % 3)
    return Answers(np.arange(first, first + n), random.normal(0, 0.3, (n, 3)) + sure * np.eye(3)[said], y)


def test_side_by_side_of_different_examples():
    iid, ood = of(200, 0.95, 0), of(150, 0.5, 1, first=1000)
    rows = {row.name: row for row in shift(iid, ood)}
    assert list(rows) == ["accuracy", "nll", "ece"] and all(row.pairs == 0 for row in rows.values())
    value, low, high = difference(ood.right.sum(), 150, iid.right.sum(), 200)
    found = rows["accuracy"].difference
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high)) and high < 0
    assert rows["nll"].difference.value == pytest.approx(ood.nll.mean() - iid.nll.mean())
    slow = [expected_calibration_error(*answers(a.logits, a.targets)) for a in (iid, ood)]
    assert rows["ece"].difference.value == pytest.approx(slow[1] - slow[0])
    assert rows["ece"].difference.low > 0


def test_pairs_are_matched_by_id_and_narrower_where_answers_go_together():
    iid = of(300, 0.9, 0)
    changed = iid.logits.copy()
    changed[:20] = changed[:20][:, [1, 2, 0]]
    order = np.random.default_rng(5).permutation(300)
    ood = Answers(iid.ids[order], changed[order], iid.targets[order])
    rows = {row.name: row for row in shift(iid, ood)}
    assert all(row.pairs == 300 for row in rows.values())
    aligned = Answers(iid.ids, changed, iid.targets)
    assert rows["accuracy"].difference.value == pytest.approx(aligned.right.mean() - iid.right.mean())
    assert rows["nll"].difference.value == pytest.approx((aligned.nll - iid.nll).mean())
    apart = {row.name: row for row in shift(iid, Answers(iid.ids + 5000, changed, iid.targets))}
    for name in ("accuracy", "nll"):
        width = [r[name].difference.high - r[name].difference.low for r in (rows, apart)]
        assert width[0] < width[1]
    assert rows["ece"].difference.low == apart["ece"].difference.low  # that one holds for both


def test_the_same_answers_do_not_differ():
    iid = of(200, 0.9, 0)
    for row in shift(iid, iid):
        assert row.difference.value == 0 and row.difference.low <= 0 <= row.difference.high


def test_intervals_of_pairs_and_of_independent_examples_cover():
    """True accuracies .9 and .7; in pairs the second answer is right only if the first is, too."""
    random, inside = np.random.default_rng(0), {"paired": [], "independent": []}
    for _ in range(400):
        y = np.zeros(60, int)
        first = random.random(60) < 0.9
        for kind, second in (("paired", first & (random.random(60) < 7 / 9)), ("independent", random.random(60) < 0.7)):
            logits = [4.0 * np.eye(2)[np.where(right, 0, 1)] for right in (first, second)]
            ids = np.arange(60), np.arange(60) + (1000 if kind == "independent" else 0)
            iid, ood = (Answers(i, z, y) for i, z in zip(ids, logits, strict=True))
            found = (paired_accuracy if kind == "paired" else independent_accuracy)(iid, ood)
            inside[kind].append(found.low <= -0.2 <= found.high)
    assert all(np.mean(found) >= 0.92 for found in inside.values())


def test_errors():
    a = of(50, 0.9, 0)
    with pytest.raises(DataError, match="10 ids of 50 and 50"):
        shift(a, of(50, 0.9, 1, first=40))
    with pytest.raises(DataError, match="twice"):
        Answers(np.zeros(3, int), np.zeros((3, 2)), np.zeros(3, int))
    with pytest.raises(DataError, match="2 ids"):
        Answers(np.arange(2), np.zeros((3, 2)), np.zeros(3, int))
