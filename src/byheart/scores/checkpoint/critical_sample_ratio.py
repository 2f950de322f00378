"""critical_sample: whether another class is found in a small box around an example (Arpit et al. 2017, section 4.2).

critical(i) = 1 if some x' with |x' - x_i| <= r in every value has argmax f(x') != argmax f(x_i), searched for by LASS;
the mean over examples is the critical sample ratio, which grows as a network fits noise. Against the predicted class,
not the label. r is a hundredth of what the inputs' values range over; the source's 0.3 of 255 grey levels is an eighth
of that, and finds so few that two networks cannot be told apart on some hundred examples. A search that finds nothing
proves nothing: the ratio is a lower bound.
Higher = closer to a boundary; 0 or 1; up to twenty forward and backward passes.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from byheart.base.errors import NotApplicable
from byheart.methods.lass import lass
from byheart.scores.score import score

RADIUS = 0.01  # of the values' range


@score(
    "critical_sample",
    needs="checkpoint",
    higher="close to another class",
    direction=0,
    unit="1 if another class was found nearby",
    range=(0, 1),
    cost="up to twenty forward and backward passes",
    finds="examples that the network's boundaries run close to",
    source="Arpit et al. 2017, section 4.2",
)
def critical_sample(
    network: nn.Module, inputs: Float[Tensor, "n *shape"], ranges: Float[Tensor, "..."]
) -> Float[np.ndarray, "n"]:
    """1 (n,) where LASS finds an input of another predicted class within a hundredth of the values' range, else 0."""
    try:
        outputs = network(inputs[:1])
        if outputs.shape[1] < 2:
            raise NotApplicable("regression has no other class to be found")
        return lass(network, inputs, RADIUS * ranges).critical.double().numpy()
    except RuntimeError as error:
        if "grad" not in str(error):
            raise
        raise NotApplicable("the network's outputs have no gradient in its inputs") from None
