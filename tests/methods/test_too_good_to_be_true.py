import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.too_good_to_be_true import TooGoodToBeTrue, importance
from byheart.runs.single import record


def test_importance_is_one_minus_the_small_networks_probability():
    logits, y = torch.randn(13, 4, dtype=torch.float64), torch.arange(13) % 4
    p = logits.softmax(1)[torch.arange(13), y].numpy()
    assert np.allclose(importance(logits, y), (1 - p) / (1 - p).mean())
    assert np.allclose(importance(logits, y, 0.5), (1 - p / 2) / (1 - p / 2).mean())
    assert torch.equal(importance(logits, y, 0.0), torch.ones(13, dtype=torch.float64))


def test_a_small_network_that_knows_everything_leaves_equal_weights():
    y = torch.arange(6) % 3
    assert torch.equal(importance(torch.eye(3)[y] * 1e6, y), torch.ones(6, dtype=torch.float64))


def test_strength_0_changes_no_byte(few, tmp_path):
    for name, events in {"plain": (), "none": (TooGoodToBeTrue(0),), "full": (TooGoodToBeTrue(),)}.items():
        record(few, tmp_path / name, events=events)
    plain, none, full = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none", "full"))
    assert plain == none != full


def test_exceptions_to_a_linear_shortcut_weigh_more_and_the_losses_are_weighted(tmp_path):
    random = np.random.default_rng(0)
    y, n = random.integers(0, 2, 400), 400
    exception, sign = random.random(n) < 0.1, 2 * y - 1
    core = np.sqrt(np.where(y == 1, 1.0, 4.0))[:, None] * (lambda v: v / np.linalg.norm(v, axis=1)[:, None])(
        random.normal(size=(n, 2))
    )  # a ring inside a ring: not linear
    x = np.c_[core, 3 * np.where(exception, -sign, sign)]
    task = Task((x, y), (x[:50], y[:50]), scaling="none", recipe=Recipe(epochs=10, batch=32, lr=0.05))
    kept = []

    @dataclasses.dataclass(frozen=True)
    class After:
        def losses(self, state):
            raw = state.task.loss(state.logits, state.batch.targets)
            kept.append((state.batch.rows, (state.losses / raw).detach().numpy()))

    run = record(task, tmp_path / "run", events=(TooGoodToBeTrue(), After()))
    weights = run["too_good_to_be_true_weights"]
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    assert weights[exception].mean() > 5 * weights[~exception].mean()
    for rows, ratio in kept:
        assert np.allclose(ratio[np.isfinite(ratio)], weights[rows][np.isfinite(ratio)], rtol=1e-4)


def test_one_layer_may_be_a_number(few, tmp_path):
    runs = [record(few, tmp_path / repr(h), events=(TooGoodToBeTrue(hidden=h, epochs=1),)) for h in (4, (4,), ())]
    one, same, other = (r["too_good_to_be_true_weights"] for r in runs)
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_errors():
    with pytest.raises(UsageError, match="strength"):
        TooGoodToBeTrue(2.0)
