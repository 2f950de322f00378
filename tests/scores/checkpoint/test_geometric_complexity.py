import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.geometric_complexity import EXACT, geometric_complexity

DOUBLE = torch.float64


def slow(network, x, deviations):
    """One Jacobian an example."""
    found = [torch.autograd.functional.jacobian(lambda v: network(v[None])[0], one) * deviations for one in x]
    return np.array([float(j.square().sum()) for j in found])


@pytest.mark.parametrize("outputs", [1, 3, EXACT])
def test_it_is_the_squared_norm_of_the_scaled_jacobian(outputs):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, outputs)).double()
    x, deviations = torch.randn(15, 6, dtype=DOUBLE), torch.rand(6, dtype=DOUBLE)
    found = geometric_complexity(network=network, inputs=x, deviations=deviations)
    assert found == pytest.approx(slow(network, x, deviations), rel=1e-12)


def test_a_linear_network_has_the_norm_of_its_weights():
    network = nn.Linear(4, 3).double()
    found = geometric_complexity(network=network, inputs=torch.randn(5, 4, dtype=DOUBLE), deviations=torch.ones(1))
    assert found == pytest.approx(float(network.weight.detach().square().sum()))


def test_units_of_the_inputs_do_not_matter():
    torch.manual_seed(0)
    network, x = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double(), torch.randn(9, 3, dtype=DOUBLE)
    scaled = nn.Sequential(nn.Linear(3, 3, bias=False), network).double()
    scaled[0].weight.data = torch.diag(torch.tensor([1.0, 0.01, 100.0], dtype=DOUBLE))  # takes other units back
    units = torch.tensor([1.0, 100.0, 0.01], dtype=DOUBLE)
    one = geometric_complexity(network=network, inputs=x, deviations=torch.ones(3, dtype=DOUBLE))
    other = geometric_complexity(network=scaled, inputs=x * units, deviations=units)
    assert one == pytest.approx(other)


def test_many_outputs_are_projected_without_bias_and_each_example_alike():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 200)).double()
    x, ones = torch.randn(60, 6, dtype=DOUBLE), torch.ones(6, dtype=DOUBLE)
    found, true = geometric_complexity(network=network, inputs=x, deviations=ones), slow(network, x, ones)
    assert found.mean() == pytest.approx(true.mean(), rel=0.1)
    np.testing.assert_allclose(found[7:9], geometric_complexity(network=network, inputs=x[7:9], deviations=ones))


def test_words_have_no_slopes():
    network = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2)).requires_grad_(False)

    class Rounds(nn.Module):
        def forward(self, x):
            return network(x.long().clamp(0, 4))

    with pytest.raises(NotApplicable, match="no gradient"):
        geometric_complexity(network=Rounds(), inputs=torch.zeros(3, 2), deviations=torch.ones(1))
