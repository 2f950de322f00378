from math import tanh

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.data.made.bayat_regression import bayat_bad, bayat_good, bayat_regression, bayat_ugly, rule

KINDS = {bayat_good: 1e-4, bayat_bad: 1e-3, bayat_ugly: 0.0}


def test_the_rule_is_the_formula():
    x = np.linspace(-2, 2, 41)
    assert np.allclose(rule(x), [tanh(v) + 0.5 * tanh(-5 * v) for v in x], atol=1e-12)
    assert np.abs(np.diff(rule(np.linspace(-1.5, 1.5, 10_001)))).sum() == pytest.approx(1.55, abs=0.005)


@pytest.mark.parametrize(("make", "idle"), KINDS.items())
def test_training_points_lie_on_a_grid_with_idle_inputs(make, idle):
    task = make(0)
    x, rest = task.train.inputs[:, 0], task.train.inputs[:, 1:]
    assert np.allclose(x, [-1.5 + 3 * k / 19 for k in range(20)], atol=1e-6)
    assert rest.shape == (20, 30)
    if idle:
        assert abs(rest.std() / idle - 1) < 5 / np.sqrt(2 * rest.size)
        assert abs(rest.mean()) < 5 * idle / np.sqrt(rest.size)
    else:
        assert not rest.any()
    assert np.allclose(task.truth["original"], rule(x), atol=1e-6)


def test_label_noise_has_the_papers_deviation():
    noise = np.concatenate([(t.train.targets - t.truth["original"]) for t in map(bayat_ugly, range(100))])
    assert abs(noise.std() / 0.08 - 1) < 5 / np.sqrt(2 * noise.size)
    assert abs(noise.mean()) < 5 * 0.08 / np.sqrt(noise.size)


def test_the_three_kinds_share_their_draws():
    good, bad, ugly = (make(4) for make in KINDS)
    assert np.array_equal(good.train.targets, bad.train.targets)
    assert np.array_equal(good.train.targets, ugly.train.targets)
    assert np.allclose(good.train.inputs[:, 1:] * 10, bad.train.inputs[:, 1:], rtol=1e-5)


def test_held_out_points_sweep_the_rule_with_idle_inputs_at_zero():
    task = bayat_good(0)
    for part in (task.validation, task.test):
        assert not part.inputs[:, 1:].any()
        assert np.allclose(part.targets, rule(part.inputs[:, 0]), atol=1e-6)
    assert task.test.inputs[[0, -1], 0].tolist() == [-1.5, 1.5]
    between = (task.test.inputs[1:, 0] + task.test.inputs[:-1, 0]) / 2
    assert np.allclose(task.validation.inputs[:, 0], between, atol=1e-6)


def test_losses_are_in_units_of_the_target():
    """Idle inputs of 0.0001 would not be idle any more had they been given deviation 1."""
    task = bayat_good(0)
    assert task.target_scale == (0.0, 1.0)
    inputs, targets = task.tensors(task.train, np.arange(20))
    assert np.array_equal(inputs.numpy(), task.train.inputs)
    assert np.array_equal(targets.numpy(), task.train.targets)


def test_network_and_recipe_are_the_papers():
    task = bayat_ugly(0)
    assert [tuple(p.shape) for p in task.build().parameters()] == [
        (300, 31),
        (300,),
        (300, 300),
        (300,),
        (1, 300),
        (1,),
    ]
    r = task.recipe
    assert (r.optimizer, r.lr, r.weight_decay, r.batch, r.clip, r.schedule) == ("adamw", 1e-3, 0, 20, 0, "constant")
    assert r.methods == ("stop_at_loss=1e-06",)
    assert "tanh" in str(task.build()).lower()


@pytest.mark.slow
def test_training_stops_when_the_labels_are_fitted():
    from byheart.runs.loop import begin, events_of, fit, one_thread

    task = bayat_bad(1)
    with one_thread():
        state = fit(begin(task, np.arange(20), 0), events_of(task))
    assert state.stop
    assert 100 < state.epoch < 5_000
    assert state.losses is not None
    assert float(state.losses.detach().mean()) < 1e-6


@pytest.mark.parametrize("wrong", [{"idle": -1.0}, {"idle": 0.0, "train": 1}, {"idle": 0.0, "test": 1}])
def test_what_makes_no_task_is_refused(wrong):
    with pytest.raises(UsageError, match="make no such task"):
        bayat_regression(**wrong)
