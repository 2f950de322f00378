"""Where an image decides the answer: occlusion maps and input-gradient maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int, Num

from byheart.base.errors import UsageError
from byheart.diagnosis.calibration import probabilities
from byheart.diagnosis.shortcut_probe import Predict

if TYPE_CHECKING:
    from torch import nn

    from byheart.data.examples import Examples
    from byheart.data.task import Task

CHUNK = 256


def occlusion_map(
    predict: Predict, images: Num[np.ndarray, "n c h w"], targets: Int[np.ndarray, "n"], fill: np.ndarray, side: int,
    stride: int = 1,
) -> Float[np.ndarray, "n rows columns"]:  # fmt: skip
    """How much of the label's probability is lost when a square is covered, from -1 to 1, (n, rows, columns).

    The square is `side` pixels wide and moves by `stride`; `fill`, such as the training set's mean image, broadcasts to
    one image. Source: Zeiler and Fergus (2014).
    """
    height, width = images.shape[2:]
    if not 1 <= side <= min(height, width) or stride < 1:
        raise UsageError(
            f"A square of side {side} cannot move by {stride} over {height} x {width} pixels.",
            do="give a side that fits, and a stride from 1",
        )
    chosen = np.arange(len(images)), targets
    before = probabilities(predict(images))[chosen]
    whole = np.broadcast_to(np.asarray(fill), images.shape[1:]).astype(images.dtype)
    tops, lefts = range(0, height - side + 1, stride), range(0, width - side + 1, stride)
    lost = np.empty((len(images), len(tops), len(lefts)))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = images.copy()
            covered[:, :, top : top + side, left : left + side] = whole[:, top : top + side, left : left + side]
            lost[:, i, j] = before - probabilities(predict(covered))[chosen]
    return lost


def gradient_map(task: Task, network: nn.Module, examples: Examples) -> Float[np.ndarray, "n ..."]:
    """|d loss / d input| (n, ...) in the shape of the inputs, per standard deviation of the input; eval mode.

    Source: Simonyan et al. (2014), with the loss in place of the class score.
    """
    import torch

    was, parts = network.training, []
    network.eval()
    for start in range(0, len(examples), CHUNK):
        inputs, targets = task.tensors(examples, np.arange(start, min(start + CHUNK, len(examples))))
        inputs.requires_grad_()
        (slope,) = torch.autograd.grad(task.loss(network(inputs), targets).sum(), inputs)
        parts.append(slope.abs().numpy())
    network.train(was)
    return np.concatenate(parts).astype(np.float64)
