"""self_influence: how much an example's own loss hangs on having been trained on (Koh and Liang 2017; Grosse 2023).

g_i^T (F + damping)^-1 g_i / n with EK-FAC's inverse of the empirical Fisher matrix, over all parameters; the damping
is a tenth of each layer's mean eigenvalue. So much, by one Newton step, leaving it out adds to its loss: large where
nothing else in the data holds the example up.
Higher = more memorized; from 0; five (perceptrons) to nine (convolutions) forward and backward passes,
the fit included.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped
from torch import Tensor, nn

from byheart.scores.gradients.ekfac import SHARE, fit_self_influence
from byheart.scores.gradients.notes import damped, read_slowly
from byheart.scores.gradients.passes import Loss
from byheart.scores.score import Noted, score


@score(
    "self_influence",
    needs="checkpoint",
    higher="more memorized",
    unit="nats (regression: squared error)",
    range=(0, np.inf),
    cost="five (perceptrons) to nine (convolutions) forward and backward passes",
    finds="wrong labels and examples that nothing else in the data is like",
    source="Grosse et al. 2023, section 3 (EK-FAC)",
    by_column=False,
)
def self_influence(
    trained: nn.Module, inputs: Shaped[Tensor, "n *shape"], targets: Shaped[Tensor, "n"], loss_of: Loss
) -> Noted:
    """g^T (F + damping)^-1 g / n (n,) by EK-FAC, fitted to the same examples: what leaving an example out adds to
    its own loss, by one Newton step; noted are the damping, and what was read one example at a time.
    """
    found, fitted = fit_self_influence(trained, inputs, targets, loss_of)
    return Noted(found.double().numpy() / len(inputs), (damped(fitted.damping, SHARE), *read_slowly(fitted.slow)))
