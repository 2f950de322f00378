"""Whether one network answers slower than another: CPU time, in turns, so that the machine's load meets both alike."""

from __future__ import annotations

import time

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.diagnosis.uncertainty import Interval
from byheart.runs.loop import one_thread

FEWEST = 6  # pairs: with fewer the smallest and the largest are no 95% interval of the median


def median_interval(values: Float[np.ndarray, "n"]) -> Interval:
    """The median with its exact 95% interval, whatever the distribution. Source: Thompson (1936).

    The ends are order statistics: each is passed by the median with a probability below 2.5%, by the binomial law.
    """
    if len(values) < FEWEST:
        raise UsageError(f"{len(values)} values say too little of their median.", do=f"give at least {FEWEST}")
    ordered, k = np.sort(values), int(stats.binom.ppf(0.025, len(values), 0.5))
    return Interval(float(np.median(values)), float(ordered[k - 1]), float(ordered[-k]))


def inference_ratio(network: nn.Module, other: nn.Module, inputs: Tensor, pairs: int = 101) -> Interval:
    """CPU-seconds of `other` over those of `network` answering the same inputs (n, ...), as the median over pairs with
    its 95% interval.

    Each pair is timed one after the other in the order a b b a, in eval mode without gradients, on one thread; the
    first pair only warms up. Errors: UsageError for fewer than six pairs.
    """
    found = []
    with one_thread(), torch.no_grad():
        network.eval()
        other.eval()
        for _ in range(pairs + 1):
            a, b = seconds(network, inputs), seconds(other, inputs)
            b, a = b + seconds(other, inputs), a + seconds(network, inputs)
            found.append(b / a)
    return median_interval(np.array(found[1:]))


def seconds(network: nn.Module, inputs: Tensor) -> float:
    """CPU-seconds of this thread for one pass."""
    begun = time.thread_time()
    network(inputs)
    return time.thread_time() - begun
