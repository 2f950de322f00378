"""curvature and mean_curvature: how curved the loss is around an example (Garg et al. 2024; Ravikumar et al. 2024).

curvature(i) = mean over draws of ||D (g(x_i + h D v) - g(x_i)) / h||^2, where g is the gradient of example i's loss in
its input, D the inputs' deviations over the training set, and v a vector of random signs. It estimates tr((D H_i D)^2),
the squared curvatures in deviations of the inputs, without bias as h shrinks; the source's code leaves out the division
by h, and D, which only changes the unit. The draws are the same for all examples. The source takes the mean over all
epochs of training, which is mean_curvature, over the checkpoints; a network that has fitted everything is flat around
most examples, which leaves those that it bends around.
Higher = more memorized; from 0; eleven forward and backward passes a network.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.methods.geometric_complexity import signs
from byheart.scores.checkpoint.slopes import Checkpoints, LossOf, frozen, loss_slopes
from byheart.scores.score import score

STEP = 1e-3  # of a deviation
DRAWS = 10


def squared_curvature(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"], loss_of: LossOf,
    deviations: Float[Tensor, "..."], draws: int = DRAWS, step: float = STEP,
) -> Float[Tensor, "n"]:  # fmt: skip
    """The estimate of tr((D H_i D)^2) (n,) from `draws` directions and a step of `step` deviations.

    Errors: NotApplicable without gradients in the inputs; UsageError for draws below 1 and steps that are not above 0.
    """
    if draws < 1 or not step > 0:
        raise UsageError(f"draws={draws}, step={step} measure nothing.", do="give draws from 1 and a step above 0")
    generator = torch.Generator().manual_seed(0)
    here, total = loss_slopes(network, inputs, targets, loss_of), inputs.new_zeros(len(inputs))
    for _ in range(draws):
        v = signs(*inputs.shape[1:], like=inputs, generator=generator)
        there = loss_slopes(network, inputs + step * deviations * v, targets, loss_of)
        total += (deviations * (there - here) / step).flatten(1).square().sum(1)
    return total / draws


@score(
    "curvature",
    needs="checkpoint",
    higher="more memorized",
    unit="squared loss (nats; for regression squared deviations) per fourth power of the inputs' deviations",
    range=(0, np.inf),
    cost="eleven forward and backward passes",
    finds="examples that the network bends around",
    source="Garg et al. 2024",
)
def curvature(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"], loss_of: LossOf,
    deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """tr((D H_i D)^2) (n,) of the loss at the end of training, estimated from ten directions."""
    return squared_curvature(network, inputs, targets, loss_of, deviations).double().numpy()


@score(
    "mean_curvature",
    needs="checkpoint",
    higher="more memorized",
    unit="squared loss (nats; for regression squared deviations) per fourth power of the inputs' deviations",
    range=(0, np.inf),
    cost="eleven forward and backward passes a checkpoint",
    finds="mislabelled examples and the long tail",
    source="Garg et al. 2024; Ravikumar et al. 2024",
)
def mean_curvature(
    network: nn.Module, checkpoints: Checkpoints, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"],
    loss_of: LossOf, deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Mean of the curvature (n,) over the checkpoints, each counted once."""
    found = [squared_curvature(net, inputs, targets, loss_of, deviations) for net in frozen(checkpoints, inputs)]
    return torch.stack(found).mean(0).double().numpy()
