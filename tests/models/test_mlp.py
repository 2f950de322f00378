import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.models.mlp import mlp


def test_reads_tables_and_sequences():
    assert mlp((30,), 1)(torch.randn(4, 30)).shape == (4, 1)
    assert mlp((5, 6), 2)(torch.randn(4, 5, 6)).shape == (4, 2)


def test_equals_the_formula():
    network = mlp((6,), 3, hidden=(5,), activation="tanh")
    (w1, b1), (w2, b2) = [(m.weight, m.bias) for m in network.modules() if isinstance(m, nn.Linear)]
    x = torch.randn(7, 6)
    assert torch.allclose(network(x), torch.tanh(x @ w1.T + b1) @ w2.T + b2, atol=1e-6)


def test_without_hidden_layers_it_is_linear():
    network = mlp((6,), 3, hidden=())
    x, y = torch.randn(2, 4, 6)
    assert torch.allclose(network(x + y) + network(torch.zeros(4, 6)), network(x) + network(y), atol=1e-5)


@pytest.mark.parametrize(("norm", "kind"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm)])
def test_one_norm_per_hidden_layer(norm, kind):
    network = mlp((6,), 3, hidden=(5, 4), norm=norm)
    assert [m.weight.shape[0] for m in network.modules() if isinstance(m, kind)] == [5, 4]


def test_dropout_acts_in_training_alone():
    network, x = mlp((6,), 3, dropout=0.5), torch.randn(4, 6)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"norm": "bach"}, "bach"),
        ({"dropout": 1.0}, "dropout"),
        ({"hidden": (8, 0)}, "hidden=0"),
        ({"activation": "rel"}, "relu"),
    ],
)
def test_bad_arguments_are_named(more, says):
    with pytest.raises(UsageError, match=says):
        mlp((6,), 3, **more)


def test_inputs_without_features_are_refused():
    with pytest.raises(UsageError, match="feature"):
        mlp((0,), 3)
