"""The construction of 2n + d weights: exact, and the solution of the triangular system."""

import numpy as np
import pytest
import torch

from byheart.base.errors import DataError
from byheart.models.finite_sample import finite_sample


def answers(network, inputs):
    with torch.no_grad():
        return network(torch.from_numpy(inputs))[:, 0].numpy()


@pytest.mark.parametrize(("n", "shape"), [(2, (1,)), (50, (3,)), (1_000, (784,)), (200, (1, 8, 8))])
def test_every_label_is_given_back_by_so_many_weights(n, shape):
    random = np.random.default_rng(n)
    inputs, targets = random.normal(size=(n, *shape)).astype(np.float32), random.normal(size=n) * 5
    network = finite_sample(inputs, targets, seed=1)
    assert np.abs(answers(network, inputs) - targets).max() < 1e-8
    assert sum(p.numel() for p in network.parameters()) == 2 * n + int(np.prod(shape))


def test_the_weights_solve_the_system_of_the_theorem():
    random = np.random.default_rng(0)
    inputs, targets = random.normal(size=(30, 4)), random.normal(size=30)
    network = finite_sample(inputs, targets)
    z = np.sort(inputs @ network.direction.detach().numpy())
    b = network.offsets.detach().numpy()
    matrix = np.maximum(z[:, None] - b, 0)
    assert b[0] < z[0]
    assert np.array_equal(matrix, np.tril(matrix))
    assert (np.diag(matrix) > 0).all()
    order = np.argsort(inputs @ network.direction.detach().numpy())
    np.testing.assert_allclose(
        network.weights.detach().numpy(), np.linalg.solve(matrix, targets[order]), rtol=1e-6, atol=1e-6
    )


def test_equal_inputs_are_refused():
    inputs = np.ones((4, 3))
    inputs[1:3] = np.random.default_rng(0).normal(size=(2, 3))
    with pytest.raises(DataError, match="are the same"):
        finite_sample(inputs, np.arange(4.0))


def test_pixels_are_read_as_they_are(digits):
    inputs, targets = digits.train.inputs, np.random.default_rng(0).integers(0, 10, len(digits.train)).astype(float)
    assert inputs.dtype.kind == "u"
    assert np.abs(answers(finite_sample(inputs, targets), inputs.copy()) - targets).max() < 1e-8
