"""head_influence: self-influence on the last layer alone, by the exact inverse of its Hessian (Koh and Liang 2017).

The last linear layer is fitted anew, to its minimum, on the features that reach it; there g_i^T H^-1 g_i / n is how
much an example's loss rises, to first order, when it is left out of that fit. It sees what the last layer memorizes,
not what the features do.
Higher = more memorized; from 0; one forward pass and a dense inverse over (features + 1) * classes numbers.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from byheart.base.errors import NotApplicable
from byheart.scores.gradients.hessian import LARGEST, fit_head
from byheart.scores.score import score

DECAY = 1e-3  # without it the minimum of separable classes is at infinity


@score(
    "head_influence",
    needs="checkpoint",
    higher="more memorized",
    unit="nats",
    range=(0, np.inf),
    cost="one forward pass and a dense inverse of the last layer's Hessian",
    finds="wrong labels that the features do not explain",
    source="Koh and Liang 2017, equation 1",
    by_column=False,
)
def head_influence(
    trained: nn.Module, inputs: Shaped[Tensor, "n *shape"], targets: Shaped[Tensor, "n"]
) -> Float[np.ndarray, "n"]:
    """g^T H^-1 g / n (n,) of the last linear layer, fitted to its minimum with weight decay .001."""
    if targets.is_floating_point():
        raise NotApplicable("the targets are numbers, not classes")
    features, classes = last_features(trained, inputs)
    if classes * (features.shape[1] + 1) > LARGEST:
        raise NotApplicable(f"the last layer has more than {LARGEST:,} parameters; self_influence has no such limit")
    return fit_head(features.double(), targets, classes, DECAY).self_influence().double().numpy()


def last_features(network: nn.Module, inputs: Tensor, batch: int = 512) -> tuple[Float[Tensor, "n f"], int]:
    """What reaches the last linear layer (n, f), and how many outputs it has; NotApplicable where the outputs are not
    those of a linear layer on one vector an example.
    """
    heads = [m for m in network.modules() if isinstance(m, nn.Linear)]
    if not heads:
        raise NotApplicable("the network ends in no linear layer")
    seen: list[Tensor] = []
    hook = heads[-1].register_forward_hook(lambda module, given, out: seen.append(given[0].detach()))
    try:
        with torch.no_grad():
            outputs = [network(x) for x in inputs.split(batch)]
    finally:
        hook.remove()
    if len(seen) != len(outputs) or any(f.ndim != 2 or len(f) != len(o) for f, o in zip(seen, outputs, strict=True)):
        raise NotApplicable("the last linear layer does not see one vector an example")
    return torch.cat(seen), heads[-1].out_features
