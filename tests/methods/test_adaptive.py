import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.adaptive import (
    FIRST,
    MOST_DECAY,
    MOST_DOUBT,
    MOST_DROPOUT,
    Adaptive,
    calibrated_loss,
    controlled,
    doubt,
    validation_loss,
)
from byheart.methods.generalized_cross_entropy import generalized_cross_entropy
from byheart.runs.loop import begin, fit
from byheart.runs.single import record

unit, errors = st.floats(0, 1), st.floats(-5, 5)


@given(unit, errors, errors)
def test_the_controller_is_monotone_in_the_error(integral, a, b):
    low, high = (controlled(integral, e) for e in sorted((a, b)))
    assert low[0] <= high[0] and low[1] <= high[1]


@given(unit, unit, errors)
def test_and_in_what_it_has_gathered(a, b, error):
    low, high = (controlled(i, error) for i in sorted((a, b)))
    assert low[0] <= high[0] and low[1] <= high[1]


@given(unit, errors)
def test_its_outputs_stay_within_0_and_1(integral, error):
    assert all(0 <= value <= 1 for value in controlled(integral, error))


def test_at_the_target_nothing_moves_and_a_steady_error_goes_to_the_end():
    assert controlled(0.3, 0.0) == (0.3, 0.3)
    for error, end in ((0.1, 1.0), (-0.1, 0.0)):
        integral = 0.5
        for _ in range(50):
            strength, integral = controlled(integral, error)
        assert strength == end == integral


def test_a_bounded_integral_turns_at_once():
    integral = 0.5
    for _ in range(500):
        _, integral = controlled(integral, 1.0)
    assert controlled(integral, -0.4)[0] < 1


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_the_calibrated_loss_is_the_least_over_temperatures(scale):
    torch.manual_seed(0)
    targets = torch.arange(200) % 5
    logits = scale * (torch.randn(200, 5) + 2 * torch.nn.functional.one_hot(targets, 5))
    grid = [float(torch.nn.functional.cross_entropy(b / scale * logits, targets)) for b in np.linspace(0, 5, 2001)]
    assert float(calibrated_loss(logits, targets)) == pytest.approx(min(grid), abs=1e-6)


def test_it_knows_nothing_and_everything():
    targets = torch.arange(90) % 3
    assert float(calibrated_loss(torch.zeros(90, 3), targets)) == pytest.approx(math.log(3))
    wrong = 5.0 * torch.nn.functional.one_hot((targets + 1) % 3, 3)
    assert float(calibrated_loss(wrong, targets)) == pytest.approx(math.log(3), abs=1e-6)
    assert float(calibrated_loss(-wrong.roll(1, 1) + wrong.roll(-1, 1), targets)) < 1e-6


def test_regression_takes_the_loss_as_it_is():
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 4)).astype(np.float32)
    part = Examples(x, x[:, 0])
    state = begin(Task(part, part, recipe=Recipe(epochs=1, lr=0.05)), np.arange(60), 0)
    state.held_out = {"validation_loss": 0.37}
    assert validation_loss(state) == 0.37


def test_doubt_gives_the_gradient_of_generalized_cross_entropy():
    logits = torch.randn(9, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.arange(9) % 4
    losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    (ours,) = torch.autograd.grad((losses * doubt(losses, 0.4)).sum(), logits, retain_graph=True)
    (theirs,) = torch.autograd.grad(generalized_cross_entropy(logits, targets, 0.4).sum(), logits)
    assert torch.allclose(ours, theirs)


def test_with_an_infinite_target_it_is_plain_training(fitted, weights, plain):
    assert weights(fitted(Adaptive(math.inf))) == plain != weights(fitted(Adaptive()))


@pytest.fixture
def strengths(monkeypatch, fitted):
    """Strengths and rises over the epochs, given each epoch's validation loss."""

    def of(losses, **arguments):
        monkeypatch.setattr("byheart.methods.adaptive.validation_loss", lambda state: losses[state.epoch - 1])
        state = fitted(Adaptive(**arguments), epochs=len(losses))
        return state.kept["adaptive_strength"], state.kept["adaptive_rise"]

    return of


def test_it_acts_when_the_validation_loss_rises_and_lets_go_when_it_falls(strengths):
    rising = strengths((1.0, 0.5, 0.6, 0.8, 1.0, 1.2, 1.4))[0]
    falling = strengths((1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4))[0]
    assert rising[0] == falling[0] == FIRST and (np.diff(rising[3:]) > 0).all() and (np.diff(falling) < 0).all()


def test_the_signal_by_hand(strengths):
    losses = (1.0, 0.5, 0.8)
    found, rises = strengths(losses, target=0.05)
    a, b, c = (math.log(v + 1e-6) for v in losses)
    levels = [a, (a + b) / 2, ((a + b) / 2 + c) / 2]
    assert rises == pytest.approx([0, 0, max(0, levels[2] - levels[1])])
    expected, integral = [FIRST], FIRST
    for rise in rises[:2]:
        strength, integral = controlled(integral, rise - 0.05)
        expected.append(strength)
    assert found == pytest.approx(expected)


def test_a_lower_target_regularizes_at_least_as_much(strengths):
    losses = (1.0, 0.6, 0.55, 0.6, 0.58, 0.65, 0.6, 0.62)
    strict, loose = (strengths(losses, target=t)[0] for t in (0.0, 0.1))
    assert (strict >= loose).all() and strict[-1] > loose[-1]


def test_the_strength_sets_all_three(few):
    state = begin(few, np.arange(200), 0)
    event = Adaptive()
    event.fit_start(state)
    state.own["adaptive"]["strength"] = 0.8
    layer = next(m for m in state.network.modules() if isinstance(m, torch.nn.ReLU)).train()
    torch.manual_seed(0)
    assert (layer(torch.ones(200, 200)) == 0).float().mean() == pytest.approx(0.8 * MOST_DROPOUT, abs=0.01)
    state.losses, state.weights = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0])
    event.losses(state)
    assert state.weights.tolist() == pytest.approx([1.0, 2 * math.exp(-0.8 * MOST_DOUBT)])
    before = [p.detach().clone() for p in state.network.parameters()]
    event.gradients(state)
    for p, q in zip(state.network.parameters(), before, strict=True):
        assert torch.allclose(p, q * (1 - 0.1 * 0.8 * MOST_DECAY))
    for hook in state.hooks:
        hook.remove()


def test_a_killed_training_goes_on_with_the_same_strengths(few, tmp_path, monkeypatch):
    import byheart.runs.single as single

    monkeypatch.setattr(single, "SAVE_EVERY", 0.0)
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, methods=("adaptive",)))
    whole = record(task, tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(path, arrays, write=single.write_arrays):
        write(path, arrays)
        if path.name == single.STATE and int(arrays["epoch"]) == 3:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(single, "write_arrays", kill)
        record(task, tmp_path / "killed")
    again = record(task, tmp_path / "killed")
    assert np.array_equal(whole["adaptive_strength"], again["adaptive_strength"])
    assert np.array_equal(whole["final_test_logits"], again["final_test_logits"])
    assert np.unique(whole["adaptive_strength"]).size > 1


def test_regression_has_no_doubt():
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 4)).astype(np.float32)
    part = Examples(x, (x[:, 0] + random.normal(size=60)).astype(np.float32))
    state = begin(Task(part, part, recipe=Recipe(epochs=3, lr=0.05)), np.arange(60), 0)
    fit(state, [Adaptive()])
    assert state.weights is None and np.isfinite(state.kept["adaptive_strength"]).all()


def test_wrong_labels_are_fitted_less(few, fitted):
    from byheart.runs.loop import outputs

    wrong = few.truth["wrong"]
    fits = [
        float((outputs(few, s.network, few.train).argmax(1) == few.train.targets)[wrong].mean())
        for s in (fitted(epochs=40), fitted(Adaptive(), epochs=40))
    ]
    assert fits[0] > 0.9 and fits[1] < fits[0] - 0.5


def test_a_negative_target_is_refused():
    with pytest.raises(UsageError, match="out of range"):
        Adaptive(-0.1)
