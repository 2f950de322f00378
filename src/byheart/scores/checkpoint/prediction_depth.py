"""prediction_depth: from which layer on the neighbours of an example say what the network says (Baldock et al. 2021).

At each layer, the labels of the 30 training examples with the nearest features, the example itself left out, vote; of
classes with equally many votes the first wins, and examples equally far share the places that are left. The depth is
the number of the first layer from which on all votes are what the network predicts in the end, counted from 1 in the
order in which layers run (the input is none); one more than there are layers where the last one's neighbours still
disagree. Layers are modules with parameters and activations, with feature maps averaged over places. Wrong labels tend
to be deep, too loosely to name suspects by it (AUROC about .76 on digits).
Higher = decided late; from 1; one pass, and for each layer all distances between training examples.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from byheart.base.errors import NotApplicable
from byheart.scores.checkpoint.layer_features import CHUNK, layer_features
from byheart.scores.score import score

K = 30
CELLS = 4_000_000  # distances at a time
SAME = 100  # squared distances that differ by less than so many rounding errors of the largest square are equal


def votes(features: Float[Tensor, "n d"], labels: Int[Tensor, "n"], classes: int, k: int = K) -> Int[Tensor, "n"]:
    """The class (n,) that the k nearest other rows say, by Euclidean distance; fewer where there are not k others."""
    n, k = len(features), min(k, len(features) - 1)
    x = features - features.mean(0)
    squares = x.square().sum(1)
    slack = float(squares.max()) * SAME * torch.finfo(x.dtype).eps
    own, said = F.one_hot(labels, classes).to(x.dtype), []
    for start in range(0, n, step := max(1, CELLS // n)):
        rows = torch.arange(start, min(start + step, n))
        squared = squares[rows, None] + squares - 2 * x[rows] @ x.mT
        squared[torch.arange(len(rows)), rows] = torch.inf
        farthest = squared.kthvalue(k, 1, keepdim=True).values
        nearer = (squared < farthest - slack).to(x.dtype)
        tied = ((squared - farthest).abs() <= slack).to(x.dtype)
        places = (k - nearer.sum(1, keepdim=True)) / tied.sum(1, keepdim=True)
        counts = nearer @ own + places * (tied @ own)
        said.append((counts >= counts.amax(1, keepdim=True) - 1e-4).int().argmax(1))
    return torch.cat(said)


def depth(agrees: Bool[np.ndarray, "layers n"]) -> Float[np.ndarray, "n"]:
    """The number (n,) of the first layer from which on all agree, from 1; layers + 1 where the last does not."""
    numbers = np.arange(1, len(agrees) + 1)[:, None]
    return np.where(agrees, 0, numbers).max(0) + 1.0


@score(
    "prediction_depth",
    needs="checkpoint",
    higher="decided late",
    direction=0,
    unit="layer, from 1",
    range=(1, np.inf),
    cost="one pass, and for each layer the distances between all examples",
    finds="examples whose neighbours say something else until late in the network",
    source="Baldock et al. 2021",
    by_column=False,
)
def prediction_depth(
    network: nn.Module, inputs: Shaped[Tensor, "n *shape"], targets: Shaped[Tensor, "n"]
) -> Float[np.ndarray, "n"]:
    """The layer (n,) from which on the 30 nearest training examples say what the network predicts."""
    if targets.is_floating_point():
        raise NotApplicable("regression has no class for neighbours to vote for")
    if len(targets) < 2:
        raise NotApplicable("one example has no neighbours")
    with torch.no_grad():
        logits = torch.cat([network(inputs[i : i + CHUNK]) for i in range(0, len(inputs), CHUNK)])
    final, found = logits.argmax(1), layer_features(network, inputs)
    agrees = [votes(features, targets, logits.shape[1]) == final for features in found.values()]
    return depth(torch.stack(agrees).numpy())
