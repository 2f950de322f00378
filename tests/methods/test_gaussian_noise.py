import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.gaussian_noise import HiddenNoise, InputNoise, noisy
from byheart.runs.loop import begin


@pytest.mark.parametrize("kind", [InputNoise, HiddenNoise])
def test_none_is_plain_training(kind, fitted, weights, plain):
    assert weights(fitted(kind(0))) == plain != weights(fitted(kind(0.2)))


def test_the_noise_has_its_deviation():
    torch.manual_seed(0)
    added = noisy(torch.full((400, 500), 7.0), 0.25) - 7
    assert added.std() == pytest.approx(0.25, rel=0.02) and abs(added.mean()) < 0.005


def test_hidden_units_are_noisy_in_training_only(few):
    state = begin(few, torch.arange(200).numpy(), 0)
    HiddenNoise(0.5).fit_start(state)
    layer = next(m for m in state.network.modules() if isinstance(m, nn.ReLU))
    ones = torch.ones(20, 30)
    assert len(state.hooks) == 2 and layer.train()(ones).std() > 0.4 and torch.equal(layer.eval()(ones), ones)


def test_noise_on_the_inputs_of_a_linear_model_is_a_ridge_penalty():
    """Bishop 1995: the expected squared error with noise is that without plus deviation^2 ||w||^2."""
    torch.manual_seed(0)
    w, x, y = torch.randn(5), torch.randn(200_000, 5), torch.randn(200_000)
    with_noise = (noisy(x, 0.5) @ w - y).square().mean()
    assert with_noise == pytest.approx(float((x @ w - y).square().mean() + 0.25 * w.square().sum()), rel=0.01)


@pytest.mark.parametrize("kind", [InputNoise, HiddenNoise])
def test_a_negative_deviation_is_refused(kind):
    with pytest.raises(UsageError, match="out of range"):
        kind(-0.1)
