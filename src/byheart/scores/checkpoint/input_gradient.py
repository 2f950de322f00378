"""input_gradient and loss_sensitivity: how much an example's loss changes with its input (Arpit et al. 2017, 3.2).

input_gradient(i) = ||D dl_i/dx_i||_1, D the inputs' deviations over the training set, so that the units of the data do
not matter. loss_sensitivity is its mean over the checkpoints. This is the cheap form, in which the input changes and
the network does not; the source's gradient also goes through the updates that the input took part in, which
`scores/checkpoint/unrolled.py` does for small networks. A network that has fitted everything has small gradients
everywhere, larger ones where it had to bend.
Higher = more memorized; from 0; one forward and backward pass a network.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from byheart.scores.checkpoint.slopes import Checkpoints, LossOf, frozen, loss_slopes
from byheart.scores.score import score


@score(
    "input_gradient",
    needs="checkpoint",
    higher="more memorized",
    unit="loss (nats; for regression squared deviations) per deviation of the inputs",
    range=(0, np.inf),
    cost="one forward and backward pass",
    finds="examples whose loss hangs on details of the input",
    source="Arpit et al. 2017, section 3.2",
)
def input_gradient(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"], loss_of: LossOf,
    deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """||D dl_i/dx_i||_1 (n,), D the inputs' deviations, at the end of training."""
    found = loss_slopes(network, inputs, targets, loss_of) * deviations
    return found.flatten(1).abs().sum(1).double().numpy()


@score(
    "loss_sensitivity",
    needs="checkpoint",
    higher="more memorized",
    unit="loss (nats; for regression squared deviations) per deviation of the inputs",
    range=(0, np.inf),
    cost="one forward and backward pass a checkpoint",
    finds="examples that training kept working on",
    source="Arpit et al. 2017, section 3.2",
)
def loss_sensitivity(
    network: nn.Module, checkpoints: Checkpoints, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"],
    loss_of: LossOf, deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Mean of the input gradient (n,) over the checkpoints, each counted once."""
    found = [input_gradient(net, inputs, targets, loss_of, deviations) for net in frozen(checkpoints, inputs)]
    return np.mean(found, 0)
