"""self_influence: how much an example's own loss hangs on having been trained on (Koh and Liang 2017; Grosse 2023).

g_i^T (F + damping)^-1 g_i with EK-FAC's inverse of the empirical Fisher matrix, over all parameters; the damping is a
tenth of each layer's mean eigenvalue. A step along its own gradient lowers its loss by so much, to first order: large
where nothing else in the data holds the example up.
Higher = more memorized; from 0; about five forward and backward passes, the fit included.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from byheart.scores.gradients.ekfac import fit_self_influence
from byheart.scores.gradients.passes import Loss
from byheart.scores.score import score


@score(
    "self_influence",
    needs="checkpoint",
    higher="more memorized",
    unit="nats (regression: squared error)",
    range=(0, np.inf),
    cost="about five forward and backward passes",
    finds="wrong labels and examples that nothing else in the data is like",
    source="Grosse et al. 2023, section 3 (EK-FAC)",
    by_column=False,
)
def self_influence(
    trained: nn.Module, inputs: Shaped[Tensor, "n *shape"], targets: Shaped[Tensor, "n"], loss_of: Loss
) -> Float[np.ndarray, "n"]:
    """g^T (F + damping)^-1 g (n,) by EK-FAC, fitted to the same examples."""
    return fit_self_influence(trained, inputs, targets, loss_of)[0].double().numpy()
