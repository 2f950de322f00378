"""boundary_margin: how far the decision boundary is from an example, to first order (Elsayed et al. 2018, equation 6).

margin(i) = min over classes k other than the label y of (z_y - z_k) / ||D grad(z_y - z_k)||_2, D the inputs' deviations
over the training set: the distance, in deviations, to where another class takes over, if logits went on as straight as
they are at the example. Below 0, the network says another class than the label, and this is how far off the label's
region is at least. Exact for linear networks, but for wrong answers near corners of that region. Of more than 33
classes, those with the 32 largest logits are looked at. A gap that no input changes is infinitely far.
Higher = farther inside its label's region, low = memorized; any real number; one backward pass a class.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.slopes import NONE
from byheart.scores.score import score

NEAREST = 32  # classes besides the label


def first_order_margin(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], labels: Int[Tensor, "n"], deviations: Float[Tensor, "..."]
) -> Float[Tensor, "n"]:
    """The signed distance (n,) to the boundary of the label's region to first order, in deviations.

    Errors: NotApplicable with fewer than two outputs, or without gradients in the inputs.
    """
    with torch.enable_grad():
        at = inputs.detach().requires_grad_(True)
        logits = network(at)
        if logits.shape[1] < 2:
            raise NotApplicable("regression has no boundary between classes")
        if not logits.requires_grad:
            raise NotApplicable(NONE)
        own = logits.gather(1, labels[:, None])
        others = logits.detach().scatter(1, labels[:, None], -torch.inf)
        rivals = others.topk(min(logits.shape[1] - 1, NEAREST), 1).indices
        gaps = own - logits.gather(1, rivals)
        totals = gaps.sum(0).unbind()
    margins = [distance(gap, total, at, deviations) for gap, total in zip(gaps.detach().mT, totals, strict=True)]
    return torch.stack(margins).amin(0)


def distance(
    gap: Float[Tensor, "n"], total: Float[Tensor, ""], at: Float[Tensor, "n *shape"], deviations: Float[Tensor, "..."]
) -> Float[Tensor, "n"]:
    """The gap over its slope (n,), in deviations; infinite where it has no slope, 0 where there is no gap."""
    slope = torch.autograd.grad(total, at, retain_graph=True)[0] * deviations
    return torch.where(gap == 0, 0.0, gap / slope.flatten(1).norm(dim=1))


@score(
    "boundary_margin",
    needs="checkpoint",
    higher="farther inside its label's region: low = memorized",
    unit="deviations of the inputs",
    range=(-np.inf, np.inf),
    cost="one backward pass a class",
    finds="mislabelled examples, and others that the decision boundary runs close to",
    source="Elsayed et al. 2018, equation 6",
)
def boundary_margin(
    network: nn.Module,
    inputs: Float[Tensor, "n *shape"],
    targets: Shaped[Tensor, "n"],
    deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:
    """Signed distance (n,) to the decision boundary to first order, in deviations of the inputs."""
    if targets.is_floating_point():
        raise NotApplicable("regression has no boundary between classes")
    return first_order_margin(network, inputs, targets, deviations).double().numpy()
