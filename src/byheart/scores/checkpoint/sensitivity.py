"""How unevenly sensitivity lies over examples (Gini), and over which classes it reaches (Arpit et al. 2017, 3.2)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int, Real
from torch import Tensor

from byheart.base.errors import UsageError


def gini(values: Real[np.ndarray, "n"]) -> float:
    """The Gini coefficient of values at least 0: 0 where all are equal, up to 1 - 1/n where one has everything.

    sum_i (2 i - n - 1) v_(i) / (n sum v), v sorted upwards, i from 1. NaN where all are 0. Real data give loss
    sensitivity a high one, noise a low one. Errors: UsageError for values below 0, for NaN and for none.
    """
    v = np.sort(np.asarray(values, np.float64))
    if not len(v) or not np.isfinite(v).all() or v[0] < 0:
        raise UsageError("A Gini coefficient is of finite numbers of at least 0.", do="leave out what is not known")
    n, total = len(v), v.sum()
    return float(((2 * np.arange(1, n + 1) - n - 1) * v).sum() / (n * total)) if total > 0 else float("nan")


def class_sensitivity(
    gradients: Float[Tensor, "classes n *shape"], labels: Int[Tensor, "n"]
) -> Float[np.ndarray, "classes classes"]:
    """How much the loss of class i (row) changes with the inputs of class j (column), (classes, classes).

    `gradients[i]` is that of the class-i term of the loss in every input; the entry is the mean absolute value of those
    in inputs of class j, NaN where there are none. Mass off the diagonal means that classes share what is learned.
    """
    sizes = gradients.detach().abs().flatten(2).mean(2).double()
    means = [sizes[:, labels == j].mean(1) for j in range(len(gradients))]  # of nothing: NaN
    return torch.stack(means, 1).numpy()
