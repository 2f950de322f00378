import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from byheart.base.errors import DataError, UsageError
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.repair import REPAIR, bias, kept_rows, weights_against
from byheart.runs.loop import begin, fit, one_thread
from byheart.runs.single import record


def test_the_bias_against_a_loop():
    random = np.random.default_rng(0)
    z, y, w = random.normal(size=(9, 3)), np.arange(9) % 3, random.random(9)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    loss = -sum(w[i] * np.log(p[i, y[i]]) for i in range(9)) / w.sum()
    share = [w[y == k].sum() / w.sum() for k in range(3)]
    entropy = -sum(s * np.log(s) for s in share)
    t = torch.from_numpy
    assert bias(t(z), t(y), t(w)).item() == pytest.approx(1 - loss / entropy)
    assert bias(t(z), t(y), t(7 * w)).item() == pytest.approx(1 - loss / entropy)  # the scale of weights is idle
    assert bias(1e3 * torch.eye(3, dtype=torch.float64)[t(y)], t(y), t(w)).item() == pytest.approx(1)
    assert bias(t(z[:1]), t(y[:1]), t(w[:1])).item() == 0  # one class: nothing to explain


def coloured(n: int = 300, aligned: float = 0.9):
    random = np.random.default_rng(0)
    y = random.integers(0, 2, n)
    cue = np.where(random.random(n) < aligned, y, 1 - y)
    return np.eye(2)[cue] * (0.7 + 0.3 * random.random(n))[:, None], y, cue


def test_weighted_so_the_bias_says_next_to_nothing():
    x, y, cue = coloured()
    weights = weights_against(x, y, 2, 200, 64)
    assert weights[cue != y].mean() > 5 * weights[cue == y].mean()
    explained = []
    for w in (np.ones(len(y)), weights):
        fitted = LogisticRegression(C=1e4).fit(x, y, sample_weight=w / w.mean())
        logits = torch.from_numpy(np.stack([np.zeros(len(y)), fitted.decision_function(x)], 1))
        explained.append(bias(logits, torch.from_numpy(y), torch.from_numpy(w)).item())
    assert explained[0] > 0.4 and abs(explained[1]) < 0.02


def test_a_bias_that_says_nothing_leaves_the_weights_equal():
    y = np.arange(100) % 2
    assert np.ptp(weights_against(np.ones((100, 3)), y, 2, 100, 32)) < 0.01


def test_the_order_of_the_examples_does_not_matter():
    x, y, _ = coloured()
    order = np.random.default_rng(1).permutation(len(y))
    one, two = weights_against(x, y, 2, 30, 64), weights_against(x[order], y[order], 2, 30, 64)
    assert np.allclose(one[order], two, atol=1e-6)


def test_rules():
    weights, y = np.array([0.9, 0.1, 0.6, 0.4, 0.2, 0.8]), np.array([0, 0, 0, 1, 1, 1])
    random = np.random.default_rng(0)
    assert np.flatnonzero(kept_rows(weights, y, "threshold", random)).tolist() == [0, 2, 5]
    assert np.flatnonzero(kept_rows(weights, y, "rank", random)).tolist() == [0, 2, 5]  # 3.0 are expected
    assert np.flatnonzero(kept_rows(weights, y, "class_rank", random)).tolist() == [0, 2, 5]  # 1.6 and 1.4
    drawn = np.mean([kept_rows(weights, y, "sample", random) for _ in range(4000)], 0)
    assert np.allclose(drawn, weights, atol=4 * 0.5 / np.sqrt(4000))


def images(n: int = 200) -> Task:
    x, y, _ = coloured(n)
    pixels = (200 * x[:, :, None, None] * np.random.default_rng(1).random((n, 2, 3, 3))).astype(np.uint8)
    return Task((pixels, y), (pixels[:40], y[:40]), recipe=Recipe(epochs=2, batch=32, lr=0.05))


def test_only_what_is_kept_is_trained_on(tmp_path):
    run = record(images(), tmp_path / "run", events=(REPAIR(rounds=50),))
    kept = run["repair_kept"]
    assert 2 <= kept.sum() < 200 and np.array_equal(run["seen"].astype(bool), np.tile(kept, (2, 1)))
    assert kept.sum() == pytest.approx(run["repair_weights"].sum(), abs=4 * np.sqrt(200 / 4))


def test_rows_outside_the_training_have_no_weight():
    with one_thread():
        state = fit(begin(images(), np.arange(0, 200, 2), 0), [REPAIR(rounds=5, keep="class_rank")])
    assert np.isnan(state.kept["repair_weights"][1::2]).all() and not state.kept["repair_kept"][1::2].any()
    assert np.isfinite(state.kept["repair_weights"][::2]).all()


def test_strength_0_changes_no_byte_and_one_half_keeps_more(tmp_path):
    task = images()
    for name, events in {"plain": (), "none": (REPAIR(0.0),), "full": (REPAIR(rounds=20),)}.items():
        record(task, tmp_path / name, events=events)
    plain, none, full = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none", "full"))
    assert plain == none != full
    counts = []
    for strength in (0.3, 1.0):
        with one_thread():
            state = fit(begin(task, np.arange(200), 0), [REPAIR(strength, rounds=20)])
        counts.append(int(state.kept["repair_kept"].sum()))
    assert counts[0] > counts[1]


def test_errors():
    for wrong in ({"strength": 2}, {"rounds": 0}, {"keep": "all"}, {"bias": "size"}):
        with pytest.raises(UsageError):
            REPAIR(**wrong)
    flat = Task((np.zeros((9, 2)), np.arange(9) % 2), (np.zeros((9, 2)), np.arange(9) % 2), recipe=Recipe(lr=0.1))
    with pytest.raises(DataError, match="no colour"):
        fit(begin(flat, np.arange(9), 0), [REPAIR()])
