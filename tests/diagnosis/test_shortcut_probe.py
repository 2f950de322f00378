import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from byheart.base.seeds import generator
from byheart.diagnosis.blocks import feature_blocks
from byheart.diagnosis.shortcut_probe import one_auc, predictor, randomized, shortcut_probe
from byheart.runs.loop import begin, fit, one_thread, outputs

from .conftest import clouds

BLOCKS = feature_blocks((3,), ("core", "noise", "idle"))


def reads_the_first(inputs: np.ndarray) -> np.ndarray:
    """Logits of a network that looks at the first feature and, a little, at the second."""
    z = 2 * inputs[:, 0] + 0.3 * inputs[:, 1]
    return np.stack([-z, z], 1)


def data(n: int = 400):
    random = np.random.default_rng(0)
    y = random.integers(0, 2, n)
    return np.c_[2 * y - 1 + 0.3 * random.normal(size=n), random.normal(size=(n, 2))], y


def test_randomized_against_a_loop():
    x, y = data(50)
    found = randomized(reads_the_first, x, y, BLOCKS[0], repeats=3, seed=7)
    for k in range(3):
        order = generator(7, "dealing", k).permutation(50)
        changed = x.copy()
        for i in range(50):
            changed[i, 0] = x[order[i], 0]
        assert np.array_equal(found.after[k], reads_the_first(changed).argmax(1))
    assert np.allclose(found.right, [(found.after[:, i] == y[i]).mean() for i in range(50)])
    assert np.allclose(found.moved, [(found.after[:, i] != found.before[i]).mean() for i in range(50)])
    assert np.array_equal(found.was_right, reads_the_first(x).argmax(1) == y)


def test_the_block_that_is_read_costs_all_and_the_idle_one_nothing():
    x, y = data()
    rows = shortcut_probe(reads_the_first, x, y, BLOCKS)
    costs = [row.cost.value for row in rows]
    assert rows[0].block == "core" and costs == sorted(costs, reverse=True)
    core, idle = rows[0], next(row for row in rows if row.block == "idle")
    assert core.accuracy.low < 0.5 < core.accuracy.high and core.auc.low < 0.5 < core.auc.high
    assert core.cost.value == pytest.approx(0.5, abs=0.06) and core.cost.low > 0.4
    assert idle.cost.value == 0 and idle.changed.value == 0 and idle.cost.low < 0 < idle.cost.high
    assert idle.auc.value == pytest.approx(roc_auc_score(y, reads_the_first(x)[:, 1]))


def test_the_interval_of_the_cost_covers():
    """The truth is the mean over many draws of 80 examples."""
    random, costs, ends = np.random.default_rng(1), [], []
    for k in range(300):
        y = random.integers(0, 2, 80)
        x = np.c_[2 * y - 1 + random.normal(size=80), random.normal(size=(80, 2))]
        found = shortcut_probe(reads_the_first, x, y, BLOCKS[:1], repeats=2, seed=k)[0].cost
        costs.append(found.value)
        ends.append((found.low, found.high))
    assert np.mean([low <= np.mean(costs) <= high for low, high in ends]) >= 0.92


def test_auc_of_several_classes_is_the_mean_of_one_against_the_rest():
    random = np.random.default_rng(0)
    z, y = random.normal(size=(90, 3)), np.arange(90) % 3
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    assert one_auc(z, y)[0] == pytest.approx(np.mean([roc_auc_score(y == k, p[:, k]) for k in range(3)]))
    assert one_auc(z, y % 2)[0] == pytest.approx(np.mean([roc_auc_score(y % 2 == k, p[:, k]) for k in range(2)]))
    assert np.isnan(one_auc(z, np.zeros(90, int))[0])


def test_of_a_trained_network(few):
    task = clouds()
    with one_thread():
        state = fit(begin(task, np.arange(len(task.train)), 0))
    predict = predictor(task, state.network)
    assert np.allclose(predict(task.test.inputs), outputs(task, state.network, task.test))
    rows = {r.block: r for r in shortcut_probe(predict, task.test.inputs, task.test.targets, feature_blocks((6,)))}
    told = min(rows[f"feature {k}"].cost.low for k in range(3))  # the clouds lie along the first three
    assert told > 0 and told > max(rows[f"feature {k}"].cost.value for k in range(3, 6))
