"""How steep a trained network is around its training examples: one number for a cell of a sweep."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.base.seeds import generator
from byheart.data.task import Task
from byheart.methods.input_scale import deviations
from byheart.scores.checkpoint.geometric_complexity import geometric_complexity

MOST = 200  # training examples that are looked at


def complexity(task: Task, network: nn.Module) -> float:
    """Mean geometric complexity over at most 200 training examples, in eval mode; NaN where inputs have no gradient."""
    n = len(task.train)
    rows = np.arange(n) if n <= MOST else np.sort(generator(0, "complexity").choice(n, MOST, replace=False))
    inputs, mode = task.tensors(task.train, rows)[0], network.training
    scale = torch.from_numpy(np.asarray(deviations(task), np.float32))
    device = next(network.parameters()).device
    network.eval()
    try:
        return float(
            geometric_complexity(network=network, inputs=inputs.to(device), deviations=scale.to(device)).mean()
        )
    except (NotApplicable, RuntimeError):  # looked up, as words are
        return math.nan
    finally:
        network.train(mode)
