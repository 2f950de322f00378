import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from byheart.base.errors import DataError, UsageError
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.dfr import DFR, balanced_rows, chosen_c, one_against_rest, retrained, worst_group_accuracy
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.single import last_layer, record


def test_balanced_rows_have_as_many_of_each_group_as_the_smallest_has():
    codes = np.repeat([3, 1, 7], [40, 5, 12])
    rows = balanced_rows(codes, np.random.default_rng(0))
    assert len(np.unique(rows)) == len(rows) == 15
    assert np.unique(codes[rows], return_counts=True)[1].tolist() == [5, 5, 5]


def cloud(classes: int, n: int = 120, seed: int = 0):
    random = np.random.default_rng(seed)
    y = np.arange(n) % classes
    return 3 + random.normal(size=(n, 5)) * [1, 2, 0.5, 1, 4] + np.eye(classes, 5)[y] * 2, y, np.arange(n) // 7 % 2


@pytest.mark.parametrize("classes", [2, 3])
def test_against_plain_scikit_learn_on_the_same_features(classes):
    x, y, _ = cloud(classes)
    one_group = np.zeros(len(y), np.int64)  # then the subsample is everything, in some order
    weights, biases = retrained(x, y, one_group, classes, 0.3, 1, np.random.default_rng(1))
    scaler = StandardScaler().fit(x)
    plain = [
        LogisticRegression(l1_ratio=1.0, solver="liblinear", C=0.3, tol=1e-6, max_iter=10_000, random_state=0).fit(
            scaler.transform(x), y == k
        )
        for k in range(classes)
    ]
    margins = np.stack([m.decision_function(scaler.transform(x)) for m in plain], 1)
    found = x @ weights.T + biases
    assert np.allclose(found if classes > 2 else found * 2, margins, atol=0.02)
    assert np.array_equal(found.argmax(1), margins.argmax(1))
    if classes == 2:  # the softmax of both rows is the regression's probability
        p = 1 / (1 + np.exp(found[:, 0] - found[:, 1]))
        assert np.allclose(p, plain[1].predict_proba(scaler.transform(x))[:, 1], atol=0.005)


def test_more_samples_are_the_mean_of_their_regressions():
    x, y, codes = cloud(3)
    together = retrained(x, y, codes, 3, 0.1, 4, np.random.default_rng(5))
    random = np.random.default_rng(5)
    alone = [retrained(x, y, codes, 3, 0.1, 1, random) for _ in range(4)]
    for k in (0, 1):
        assert np.allclose(together[k], np.mean([layer[k] for layer in alone], 0))


def test_a_class_that_does_not_occur_gets_no_weight():
    x, y, _ = cloud(2)
    weights, biases = one_against_rest(x, y, 4, 1.0, 0)
    assert (weights[2:] == 0).all() and np.allclose(biases[2:], np.log(0.5 / 120.5))
    assert (weights[:2] != 0).any()


def test_worst_group_accuracy_against_a_loop():
    x, y, codes = cloud(3)
    layer = np.random.default_rng(0).normal(size=(3, 5)), np.zeros(3)
    slow = min(np.mean([np.argmax(layer[0] @ a) == b for a, b in zip(x[codes == g], y[codes == g], strict=True)])
               for g in (0, 1))  # fmt: skip
    assert worst_group_accuracy(layer, x, y, codes) == pytest.approx(slow)


def test_c_is_chosen_where_the_worst_group_is_best():
    """Thirty idle features: a weak penalty fits them, a strong one leaves the one that matters."""
    random = np.random.default_rng(0)
    y, codes = np.arange(160) % 2, np.arange(160) // 2 % 2
    x = np.c_[1.5 * (2 * y - 1) + random.normal(size=160), random.normal(size=(160, 60))]
    assert chosen_c(x, y, codes, 2, 0) < 1.0


def shortcut(n: int, rare: float, random) -> Examples:
    """The core is noisy, the shortcut is clean and fails for a `rare` share; groups say where it fails, by class."""
    y, exception = random.integers(0, 2, n), random.random(n) < rare
    sign = 2 * y - 1
    x = np.c_[sign + 0.7 * random.normal(size=n), 3 * np.where(exception, -sign, sign) + 0.3 * random.normal(size=n)]
    return Examples(x, y, groups=np.where(exception, "rare", "usual") + y.astype(str).astype("<U2"))


@pytest.fixture(scope="module")
def task() -> Task:
    random = np.random.default_rng(0)
    groups = lambda part: dataclasses.replace(part, groups=np.char.add(part.groups, ""))  # noqa: E731
    parts = [groups(shortcut(n, rare, random)) for n, rare in ((600, 0.03), (400, 0.15), (1000, 0.5))]
    return Task(parts[0], parts[2], validation=parts[1], recipe=Recipe(epochs=4, batch=32, lr=0.05))


def worst(task: Task, logits: np.ndarray) -> float:
    right = logits.argmax(1) == task.test.targets
    return min(right[task.test.groups == g].mean() for g in np.unique(task.test.groups))


def test_the_worst_group_gains_and_only_the_last_layer_changes(task, tmp_path):
    plain, run = (record(task, tmp_path / k, events=e) for k, e in (("plain", ()), ("dfr", (DFR(),))))
    assert worst(task, run["final_test_logits"]) > worst(task, plain["final_test_logits"]) + 0.2
    changed = [k for k in plain.weights if not np.array_equal(plain.weights[k], run.weights[k])]
    assert changed == list(plain.weights)[-2:]
    assert np.array_equal(plain["test_features"], run["test_features"])
    assert np.array_equal(plain["loss"], run["loss"], equal_nan=True)
    assert run["dfr_c"] in (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01)


def test_the_recorded_network_is_the_regression_on_its_features(task, tmp_path):
    run = record(task, tmp_path / "run", events=(DFR(samples=3, c=0.1),))
    network = run.network(task)
    _, features = last_layer(task, network, task.validation, "cpu")
    _, codes = np.unique(task.validation.groups, return_inverse=True)
    from byheart.base.seeds import generator

    layer = retrained(features.astype(float), task.validation.targets, codes, 2, 0.1, 3, generator(0, "dfr"))
    wanted = features @ layer[0].T + layer[1]
    assert np.allclose(outputs(task, network, task.validation), wanted, atol=1e-4)


def test_no_samples_change_no_byte(task, tmp_path):
    for name, events in {"plain": (), "none": (DFR(0),)}.items():
        record(task, tmp_path / name, events=events)
    plain, none = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none"))
    assert plain == none


def test_training_examples_may_be_used_and_then_only_those_that_were_trained_on(task):
    rows, seen = np.arange(0, 600, 2), []
    with one_thread():
        begun = begin(task, rows, 0)
        fit(begun, [DFR(samples=1, c=0.1, part="train")])
        half = dataclasses.replace(task, train=task.train.take(rows))
        object.__setattr__(half, "scale", task.scale)
        other = begin(half, np.arange(300), 0)
        other.network.load_state_dict(begun.network.state_dict())
        DFR(samples=1, c=0.1, part="train").fit_end(other)
        seen = [torch.cat([p.flatten() for p in s.network.parameters()]) for s in (begun, other)]
    assert torch.allclose(*seen, atol=1e-5)


def test_errors(few, task):
    for wrong in ({"samples": -1}, {"c": 0.0}, {"part": "test"}):
        with pytest.raises(UsageError):
            DFR(**wrong)
    with pytest.raises(DataError, match="validation examples have none"):
        fit(begin(few, np.arange(200), 0), [DFR()])
