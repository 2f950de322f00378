"""Logits -> what is kept of them: loss, margin, correct, predicted, error norm. Computed here and nowhere else."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch.nn import functional as F


def read(
    logits: Float[np.ndarray, "n outputs"], targets: Shaped[np.ndarray, "n"], classes: int
) -> dict[str, np.ndarray]:
    """What one look at some examples leaves behind.

    loss (n,) float32: cross-entropy in nats, or squared error (targets on the scale of the outputs). margin: logit of
    the label minus the largest other logit. correct: 1 or 0, float16. predicted: int16 (int32 above 32,767 classes).
    error_norm: ||softmax - onehot||_2. For regression (classes = 0) only the loss is a number; the others are NaN, and
    predicted is -1. Rows with NaN logits are NaN.
    """
    n = len(logits)
    if not classes:
        nothing = np.full(n, np.nan, np.float32)
        loss = np.square(logits[:, 0] - targets, dtype=np.float32)
        return dict(
            loss=loss, margin=nothing, correct=nothing.astype(np.float16),
            predicted=np.full(n, -1, np.int16), error_norm=nothing,
        )  # fmt: skip
    z, y = (
        torch.from_numpy(np.ascontiguousarray(logits, dtype=np.float32)),
        torch.from_numpy(np.array(targets, np.int64)),
    )
    own = z.gather(1, y[:, None])
    log_p = F.log_softmax(z, 1)
    p = log_p.exp()
    others = z.scatter(1, y[:, None], -torch.inf)
    top = z.argmax(1)
    error = (p - F.one_hot(y, z.shape[1])).square().sum(1).sqrt()
    unseen = z.isnan().any(1)
    correct = (top == y).to(torch.float16)
    correct[unseen] = torch.nan
    top = top.masked_fill(unseen, -1)
    margin = own[:, 0] - others.amax(1)
    margin[unseen] = torch.nan
    return dict(
        loss=-log_p.gather(1, y[:, None])[:, 0].numpy(),
        margin=margin.numpy(),
        correct=correct.numpy(),
        predicted=top.numpy().astype(np.int16 if classes <= 32_767 else np.int32),
        error_norm=error.numpy(),
    )
