"""New examples against the arithmetic written out, on two columns of numbers and on small images."""

import dataclasses

import numpy as np
import pytest

import byheart as bh
from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.controls.generate import ALPHA, Generate, between, drawn, fitted, neighbours
from byheart.data.examples import Examples


def test_between_by_hand():
    found = between(np.array([[0.0, 10.0], [4.0, 4.0]]), np.array([[8.0, 2.0], [0.0, 8.0]]), np.array([0.75, 0.5]))
    np.testing.assert_array_equal(found, [[2.0, 8.0], [2.0, 6.0]])
    np.testing.assert_array_equal(
        between(np.ones((1, 2, 2)), np.zeros((1, 2, 2)), np.array([0.25])), [[[0.25] * 2] * 2]
    )


@pytest.mark.parametrize("alike", [True, False])
def test_neighbours_are_those_of_a_slow_loop(alike):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, (40, 3)).astype(np.float32), rng.integers(0, 3, 40)  # many equal distances
    for row in range(40):
        others = [k for k in range(40) if k != row and (y[k] == y[row] or not alike)]
        wanted = sorted(others, key=lambda k: (sum((a - b) ** 2 for a, b in zip(x[k], x[row], strict=True)), k))[:5]
        assert neighbours(x, y, row, alike).tolist() == wanted


def test_whole_numbers_do_not_wrap_round_in_distances():
    x = np.array([[0], [255], [100]], np.uint8)
    assert neighbours(x, np.zeros(3, int), 0, True).tolist() == [2, 1]


def test_new_examples_have_the_label_group_and_place_they_say(table):
    ids = tuple(table.train.ids.tolist())
    action = Generate("mixup", (100, 101), (ids[0], ids[5]), (ids[5], ids[0]), (0.75, 0.6))
    after = action.apply(table).train
    x = table.train.inputs.astype(float)
    np.testing.assert_allclose(after.inputs[-2:], [0.75 * x[0] + 0.25 * x[5], 0.6 * x[5] + 0.4 * x[0]], rtol=1e-6)
    assert after.targets[-2:].tolist() == table.train.targets[[0, 5]].tolist()  # the larger share's
    assert after.ids[-2:].tolist() == [100, 101] and after.groups[-2:].tolist() == table.train.groups[[0, 5]].tolist()
    np.testing.assert_array_equal(after.inputs[:-2], table.train.inputs)


def test_noise_has_the_columns_deviation_and_leaves_flags_alone(table):
    source = table.train.ids[3].item()
    action = Generate("noise", (100,), (source,), (None,), (0.9,), seed=7)
    found, x = action.apply(table).train.inputs[-1], table.train.inputs.astype(float)
    normal = generator(7, "noise", "100").normal(size=3)
    wanted = x[3, :2] + 0.1 * normal[:2] * x[:, :2].std(0)
    np.testing.assert_allclose(found[:2], np.clip(wanted, x[:, :2].min(0), x[:, :2].max(0)), rtol=1e-6)
    assert found[2] == x[3, 2] and not np.array_equal(found[:2], x[3, :2])


@pytest.mark.parametrize("kind", ["mixup", "smote", "noise"])
def test_what_is_drawn(few, kind):
    rows = np.array([4, 9, 30])
    action = drawn(few, kind, rows, 7, 1, "")
    ids, y = few.train.ids, few.train.targets
    assert action.sources == tuple(ids[rows[k % 3]].item() for k in range(7))  # in turn
    assert action.ids == tuple(range(ids.max() + 1, ids.max() + 8)) and action == drawn(few, kind, rows, 7, 1, "")
    assert action != drawn(few, kind, rows, 7, 2, "") or kind == "noise"  # there the seed itself is the difference
    place = {i: k for k, i in enumerate(ids.tolist())}
    pairs = [(place[a], b if b is None else place[b]) for a, b in zip(action.sources, action.partners, strict=True)]
    if kind == "noise":
        assert set(action.partners) == {None} and set(action.shares) == {0.9}
    elif kind == "smote":
        assert all(b in neighbours(few.train.inputs, y, a, True) and y[a] == y[b] for a, b in pairs)
    else:
        assert all(a != b for a, b in pairs) and all(0.5 <= s <= 1 for s in action.shares)
    changed = action.apply(few).train
    assert changed.inputs.dtype == np.uint8 and changed.inputs.max() <= few.train.inputs.max()
    if kind != "noise":
        a, b = np.array(pairs).T
        mixed = between(few.train.inputs[a].astype(float), few.train.inputs[b].astype(float), np.array(action.shares))
        np.testing.assert_array_equal(changed.inputs[-7:], np.rint(mixed))


def test_shares_of_mixup_are_beta_and_any_other_example_is_a_partner(table):
    action = drawn(table, "mixup", np.array([2]), 4000, 0, "")
    shares, partners = np.array(action.shares), set(action.partners)
    beta = np.random.default_rng(5).beta(ALPHA, ALPHA, 200_000)
    beta = np.maximum(beta, 1 - beta)
    assert abs(shares.mean() - beta.mean()) < 4 * beta.std() / np.sqrt(4000)
    assert partners == set(table.train.ids.tolist()) - {table.train.ids[2].item()}


@pytest.mark.parametrize("kind", ["mixup", "smote", "noise"])
def test_a_row_deleted_from_the_plan_leaves_the_others_as_they_were(few, kind):
    action = drawn(few, kind, np.arange(5), 6, 0, "")
    entry = action.entry()
    del entry["examples"][2]
    whole, less = action.apply(few).train, Generate.read(entry, "").apply(few).train
    there = np.delete(np.arange(206), 202)
    np.testing.assert_array_equal(less.inputs, whole.inputs[there])
    np.testing.assert_array_equal(less.ids, whole.ids[there])


def test_regression_mixes_targets_but_not_under_noise(table):
    y = np.linspace(-1, 1, len(table.train)).astype(np.float32)
    held = (table.test.inputs, table.test.targets.astype(np.float32) + np.float32(0.5))
    task = bh.Task((table.train.inputs, y), held)
    mixed = Generate("mixup", (100,), (1,), (6,), (0.75,)).apply(task).train.targets[-1]
    assert mixed == pytest.approx(0.75 * y[1] + 0.25 * y[6], rel=1e-6)
    assert Generate("noise", (100,), (1,), (None,), (0.9,)).apply(task).train.targets[-1] == y[1]
    smote = drawn(task, "smote", np.array([1]), 30, 0, "")
    assert set(smote.partners) == set(neighbours(task.train.inputs, task.train.targets, 1, False).tolist())


def test_fitted_rounds_whole_numbers_and_cuts_each_column():
    like = np.array([[0, 10], [4, 20]], np.int64)
    np.testing.assert_array_equal(fitted(np.array([[2.6, 25.0], [-1.0, 5.0]]), like), [[3, 20], [0, 10]])
    image = fitted(np.full((1, 1, 1, 2), 300.0), np.array([[[[0, 9]]]], np.uint8))
    assert image.dtype == np.uint8 and image.max() == 9


def test_what_is_refused(table):
    names = table.train.ids.astype(str)
    text = dataclasses.replace(
        table, train=Examples(table.train.inputs, table.train.targets, np.char.add("a", names), table.train.groups)
    )
    with pytest.raises(UsageError, match="different kinds"):
        Generate("noise", (100,), ("a0",), (None,), (0.9,)).apply(text)
    with pytest.raises(UsageError, match="only one of its class"):
        lone = dataclasses.replace(table, train=dataclasses.replace(table.train, targets=np.array([1] + [0] * 9)))
        drawn(lone, "smote", np.array([0]), 1, 0, "")
    for kind, partner, share in (
        ("magic", 1, 0.5),
        ("mixup", None, 0.5),
        ("mixup", 1, 1.5),
        ("smote", 1, float("nan")),
    ):
        with pytest.raises(UsageError):
            Generate(kind, (100,), (0,), (partner,), (share,))
    with pytest.raises(UsageError, match="different numbers"):
        Generate("mixup", (100, 101), (0,), (1,), (0.5,))
    for rows, count in ((np.zeros(0, int), 3), (np.array([0]), 0)):
        with pytest.raises(UsageError, match="make nothing"):
            drawn(table, "mixup", rows, count, 0, "")


@pytest.mark.parametrize("kind", ["mixup", "smote"])
def test_no_new_example_is_a_copy_of_what_it_is_made_of(few, kind):
    """On 17 grey levels a share near 1 is rounded away; mixup draws such shares for more than a third."""
    n = len(few.train)
    action = drawn(few, kind, np.arange(n), 5 * n, 3, "")
    made = action.apply(few).train.inputs[n:]
    place = {i: row for row, i in enumerate(few.train.ids.tolist())}
    for ids in (action.sources, action.partners):
        parents = few.train.inputs[[place[i] for i in ids]]
        assert (made != parents).reshape(len(made), -1).any(1).all()


def test_equal_examples_have_no_mixture_that_is_new(few):
    same = dataclasses.replace(few.train, inputs=np.zeros_like(few.train.inputs))
    action = drawn(dataclasses.replace(few, train=same), "mixup", np.arange(4), 4, 0, "")
    assert len(action.ids) == 4
