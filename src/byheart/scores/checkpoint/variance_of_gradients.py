"""vog, vog_early and vog_late: how much an example's explanation changes while training (Agarwal et al. 2022).

S_c = the gradient of the label's logit in the input at checkpoint c (for regression: of the output), times the inputs'
deviations. Its standard deviation over the checkpoints of a phase, counting those of that phase alone, is averaged over
the input's values, and then standardized inside each class: mean 0, deviation 1 over the examples of that label. vog is
over all checkpoints (the first is the untrained network), vog_early over the first third and vog_late over the last
third, rounded up, so that there are at least four. A label with one example has nothing to be compared with: NaN.
It names no suspects by itself: on digits with wrong labels, vog and vog_early were lower for those, vog_late higher.
Higher = harder; any real number; one forward and backward pass a checkpoint.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.slopes import Checkpoints, frozen, slopes
from byheart.scores.score import score

CHUNK = 512  # examples at a time
SAME = 1e-12  # variances of one class that differ by less, relatively, are equal


def variance_of_gradients(
    checkpoints: Checkpoints, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"],
    deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Mean over the input's values of the standard deviation over checkpoints of D S_c (n,), before standardizing."""
    networks, parts = list(frozen(checkpoints, inputs)), []
    for i in range(0, len(inputs), CHUNK):
        x, y = inputs[i : i + CHUNK], targets[i : i + CHUNK]
        found = torch.stack([slopes(network, x, lambda z, y=y: logit(z, y)) * deviations for network in networks])
        parts.append(found.flatten(2).std(0, correction=0).mean(1))
    return torch.cat(parts).double().numpy()


def logit(outputs: Float[Tensor, "n outputs"], targets: Shaped[Tensor, "n"]) -> Float[Tensor, "n"]:
    """Each example's output for its own label; for regression its output."""
    return outputs.squeeze(1) if targets.is_floating_point() else outputs.gather(1, targets[:, None])[:, 0]


def inside_classes(values: Float[np.ndarray, "n"], targets: Shaped[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Values (n,) with mean 0 and deviation 1 inside each class; 0 where a class's are all equal, NaN where there is
    one.
    """
    found = np.full(len(values), np.nan)
    for label in np.unique(targets):
        own = targets == label
        if own.sum() > 1:
            mean, deviation = values[own].mean(), values[own].std()
            found[own] = (values[own] - mean) / deviation if deviation > SAME * abs(mean) else 0.0
    return found


def of_phase(
    checkpoints: Checkpoints, inputs: Tensor, targets: Tensor, deviations: Tensor
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Variance of gradients (n,) over these checkpoints, standardized inside each class; regression is one class."""
    if len(checkpoints) < 2:
        raise NotApplicable('it needs at least two checkpoints: byheart record --method "checkpoints=5"')
    found = variance_of_gradients(checkpoints, inputs, targets, deviations)
    labels = np.zeros(len(found), int) if targets.is_floating_point() else targets.numpy()
    return inside_classes(found, labels)


def third(checkpoints: Checkpoints) -> int:
    """How many checkpoints a third of them is, rounded up; NotApplicable with fewer than four."""
    if len(checkpoints) < 4:
        few = f"{len(checkpoints)} checkpoints are too few for phases"
        raise NotApplicable(f'{few}, four are needed: byheart record --method "checkpoints=5"')
    return -(-len(checkpoints) // 3)


@score(
    "vog",
    needs="checkpoint",
    higher="harder than others of its class",
    direction=0,
    unit="deviations within the class (for regression among all)",
    range=(-np.inf, np.inf),
    cost="one forward and backward pass a checkpoint",
    finds="hard and atypical examples of each class",
    source="Agarwal et al. 2022",
    by_column=False,
)
def vog(
    network: nn.Module, checkpoints: Checkpoints, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"],
    deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Variance of gradients (n,) over all checkpoints, standardized inside each class."""
    return of_phase(checkpoints, inputs, targets, deviations)


@score(
    "vog_early",
    needs="checkpoint",
    higher="harder than others of its class",
    direction=0,
    unit="deviations within the class (for regression among all)",
    range=(-np.inf, np.inf),
    cost="one forward and backward pass for a third of the checkpoints",
    finds="examples of each class whose explanation moves early in training",
    source="Agarwal et al. 2022",
    by_column=False,
)
def vog_early(
    network: nn.Module, checkpoints: Checkpoints, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"],
    deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Variance of gradients (n,) over the first third of the checkpoints, standardized inside each class."""
    return of_phase(checkpoints[: third(checkpoints)], inputs, targets, deviations)


@score(
    "vog_late",
    needs="checkpoint",
    higher="harder than others of its class",
    direction=0,
    unit="deviations within the class (for regression among all)",
    range=(-np.inf, np.inf),
    cost="one forward and backward pass for a third of the checkpoints",
    finds="examples of each class whose explanation still moves late in training",
    source="Agarwal et al. 2022",
    by_column=False,
)
def vog_late(
    network: nn.Module, checkpoints: Checkpoints, inputs: Float[Tensor, "n *shape"], targets: Shaped[Tensor, "n"],
    deviations: Float[Tensor, "..."],
) -> Float[np.ndarray, "n"]:  # fmt: skip
    """Variance of gradients (n,) over the last third of the checkpoints, standardized inside each class."""
    return of_phase(checkpoints[-third(checkpoints) :], inputs, targets, deviations)
