"""geometric_complexity: how steeply the outputs change around an example (Dherin et al. 2022, equation 1).

GC(i) = ||J_i D||_F^2: the squared derivatives of all logits in all inputs, summed; J_i is the Jacobian at the example,
D the inputs' deviations over the training set, so that the value does not depend on the units of the data. A network
that fits noise must bend between neighbours, and its mean over examples, the network's geometric complexity, is read
beside that of a regularized twin. Exact up to 32 outputs; above, the mean of 32 random projections, which is unbiased.
Higher = steeper; from 0; one backward pass an output.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.errors import NotApplicable
from byheart.methods.geometric_complexity import projected_steepness, signs, steepness
from byheart.scores.score import score

EXACT = 32  # outputs; as many projections above


@score(
    "geometric_complexity",
    needs="checkpoint",
    higher="steeper",
    direction=0,
    unit="squared output per squared deviation of the inputs (logits, or for regression scaled targets)",
    range=(0, np.inf),
    cost="one backward pass an output",
    finds="where the network bends to fit its examples",
    source="Dherin et al. 2022",
)
def geometric_complexity(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], deviations: Float[Tensor, "..."]
) -> Float[np.ndarray, "n"]:
    """||J_i D||_F^2 (n,), D the inputs' deviations: the squared slopes of all outputs in all inputs."""
    inputs = inputs.detach().requires_grad_(True)
    with torch.enable_grad():
        outputs = network(inputs)
    if not outputs.requires_grad:
        raise NotApplicable("the network's outputs have no gradient in its inputs (are they looked up, as words are?)")
    with torch.no_grad():
        if outputs.shape[1] <= EXACT:
            found = steepness(outputs, inputs, deviations)
        else:  # the same projections for all examples, so that a value depends on its example alone
            generator = torch.Generator().manual_seed(0)
            directions = signs(EXACT, 1, outputs.shape[1], like=outputs, generator=generator)
            found = projected_steepness(outputs, inputs, directions, deviations)
    return found.double().numpy()
