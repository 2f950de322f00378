"""gradient_norm: how hard an example still pulls at the parameters (GraNd; Paul et al. 2021, definition 2.1).

||d loss_i / d theta||_2 over all parameters, from the products that layers leave behind, without forming gradients
where that is cheaper. At the end of training what was learned easily pulls no more; what a network is held back from,
or has just about learned by heart, does. Of one network: the mean over networks early in training is GraNd proper.
Higher = pulls harder; from 0; about one forward and backward pass.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped
from torch import Tensor, nn

from byheart.scores.gradients.norms import gradient_norms
from byheart.scores.gradients.notes import read_slowly
from byheart.scores.gradients.passes import Loss
from byheart.scores.score import Noted, score


@score(
    "gradient_norm",
    needs="checkpoint",
    higher="more memorized or harder",
    unit="nats (regression: squared error) per unit of the parameters",
    range=(0, np.inf),
    cost="about one forward and backward pass",
    finds="wrong labels and hard examples",
    source="Paul et al. 2021, definition 2.1",
)
def gradient_norm(
    trained: nn.Module, inputs: Shaped[Tensor, "n *shape"], targets: Shaped[Tensor, "n"], loss_of: Loss
) -> Noted:
    """||gradient of the loss in all parameters|| (n,); noted is what was read one example at a time."""
    found = gradient_norms(trained, inputs, targets, loss_of)
    return Noted(found.squared.double().sqrt().numpy(), read_slowly(found.slow))
