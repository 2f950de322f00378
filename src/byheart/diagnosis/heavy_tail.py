"""How heavy the tail of each layer's spectrum is (Martin and Mahoney 2021), from the weights alone.

A hint, and no evidence: layers of well trained networks are reported to have exponents between 2 and 6, but a small
layer has too few eigenvalues for a tail to be told, and no exponent says which examples were memorized, or that any
were. Nothing else here rests on it.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from byheart.base.errors import MissingExtra, NotApplicable

if TYPE_CHECKING:
    from torch import nn

FEWEST = 50  # eigenvalues that a tail is looked for in
COLUMNS = ("layer", "eigenvalues", "alpha", "alpha_se", "least", "in_tail", "distance")


def spectral_exponents(network: nn.Module) -> pd.DataFrame:
    """One row a linear or convolutional layer: the power law in the eigenvalues of its W^T W, density ~ x^-alpha.

    "eigenvalues" counts those above 0 (of a convolution, of the matrices at all places of the kernel together), "alpha"
    has its standard error "alpha_se", "least" is where the tail begins, "in_tail" counts what lies in it, "distance" is
    that of Kolmogorov and Smirnov, in [0, 1]. NaN where there are fewer than 50 eigenvalues. Errors: MissingExtra
    without the package powerlaw; NotApplicable where no layer has a matrix of weights.
    """
    import torch
    from torch import nn

    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    layers = {name or "network": m.weight for name, m in network.named_modules() if isinstance(m, kinds)}
    if not layers:
        raise NotApplicable("the network has no linear or convolutional layer")
    rows = []
    for name, weight in layers.items():
        with torch.no_grad():
            found = eigenvalues(weight.detach().double().cpu().numpy())
        rows.append({"layer": name, "eigenvalues": len(found)} | tail(found))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def eigenvalues(weight: Float[np.ndarray, "out into *places"]) -> Float[np.ndarray, "k"]:
    """Eigenvalues above 0 of W^T W, upwards; of a convolution those at every place of the kernel, together."""
    matrices = np.moveaxis(weight.reshape(*weight.shape[:2], -1), 2, 0)
    squares = np.sort(np.linalg.svd(matrices, compute_uv=False).ravel()) ** 2
    return squares[squares > squares[-1] * max(weight.shape[:2]) * np.finfo(float).eps]


def tail(values: Float[np.ndarray, "k"]) -> dict[str, float]:
    """The power law in the upper tail of positive values: maximum likelihood above the least value that leaves the
    smallest distance. Source: Clauset, Shalizi and Newman (2009).
    """
    powerlaw = package()
    if len(values) < FEWEST:
        return dict.fromkeys(COLUMNS[2:], float("nan"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own deprecations, and of tails without a fit
        # its own default leaves out every exponent above 3
        fit = powerlaw.Fit(values, verbose=0, parameter_ranges={"alpha": [1.0, None]}).power_law
    if fit.noise_flag:
        return dict.fromkeys(COLUMNS[2:], float("nan"))
    count = int((values >= fit.xmin).sum())
    found = (float(fit.alpha), float((fit.alpha - 1) / np.sqrt(count)), float(fit.xmin), count, float(fit.D))
    return dict(zip(COLUMNS[2:], found, strict=True))


def package() -> Any:
    """The package powerlaw; MissingExtra where it is not installed."""
    try:
        return importlib.import_module("powerlaw")
    except ImportError as error:
        do = "pip install 'powerlaw>=2'"
        raise MissingExtra("The package powerlaw is not installed.", "It fits the exponents.", do) from error
