"""tracin: the loss that steps on the example itself took away over training (Pruthi et al. 2020, equation 1).

sum over checkpoints of learning rate * ||gradient of the loss_i||^2, over all parameters: the first-order fall of the
example's own loss in its own steps. Checkpoints stand for the epochs around them.
Higher = more memorized; from 0; about one forward and backward pass a checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from byheart.scores.gradients.norms import gradient_norms
from byheart.scores.gradients.notes import read_slowly
from byheart.scores.gradients.passes import Loss
from byheart.scores.score import Noted, score


@score(
    "tracin",
    needs="checkpoint",
    higher="more memorized",
    unit="nats (regression: squared error)",
    range=(0, np.inf),
    cost="about one forward and backward pass a checkpoint",
    finds="wrong labels and hard examples",
    source="Pruthi et al. 2020, equation 1",
)
def tracin(
    checkpoints: Sequence[tuple[float, nn.Module]],
    trained: nn.Module,
    inputs: Shaped[Tensor, "n *shape"],
    targets: Shaped[Tensor, "n"],
    loss_of: Loss,
) -> Noted:
    """Learning-rate weighted sum (n,) of squared gradient norms over the checkpoints that were kept; noted is what was
    read one example at a time.
    """
    total, slow = torch.zeros(len(inputs), dtype=torch.float64), {}
    for rate, network in checkpoints:
        found = gradient_norms(network, inputs, targets, loss_of)
        total += rate * found.squared.double()
        slow |= found.slow
    return Noted(total.numpy(), read_slowly(slow))
