import pytest
import torch

from byheart.base.errors import UsageError
from byheart.models.linear import linear


def test_equals_the_formula():
    network = linear((3, 2), 4)
    (w,) = network.parameters()
    x = torch.randn(5, 3, 2)
    assert w.shape == (4, 6)
    assert torch.allclose(network(x), x.reshape(5, 6) @ w.T, atol=1e-6)


def test_without_bias_nothing_gives_nothing():
    assert not linear((7,), 2)(torch.zeros(3, 7)).any()


def test_inputs_without_features_are_refused():
    with pytest.raises(UsageError, match="feature"):
        linear((0,), 3)
