"""A few features that matter and very many that hardly vary: noise is fitted in the many, where it does little harm.

Source: Bartlett et al. (2020), section 2 and theorem 6.
"""

from __future__ import annotations

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task


@register("task", "spiked_covariance")
def spiked_covariance(
    seed: int = 0, train: int = 100, test: int = 400, features: int = 5_000, spikes: int = 5, tail: float = 1e-3,
    noise: float = 0.5,
) -> Task:  # fmt: skip
    """Normal inputs: `spikes` features of variance 1 and all others of variance `tail`; labels x . w + noise N, where w
    has norm 1 and reads the spikes alone.

    Overfitting is benign where the others are many more than the examples and their variances together are less than
    the examples; without them, with as many features as examples, it is not. Test and validation labels have no noise,
    so that the loss is the error to the rule. truth: original, the training labels without noise. Nothing is scaled.
    Learned by a linear map; the least-norm solution is `Estimator(LinearRegression(fit_intercept=False))`.
    """
    if not 1 <= spikes <= features or tail < 0 or noise < 0 or min(train, test) < 2:
        raise UsageError(
            f"train={train}, test={test}, features={features}, spikes={spikes}, tail={tail:g}, noise={noise:g} make no "
            "such task.",
            do="give 2 examples or more, 1 spike or more among the features, a variance and a deviation from 0",
        )
    random = generator(seed, "spiked_covariance")
    rule = random.standard_normal(spikes)
    rule /= np.linalg.norm(rule)
    deviations = np.where(np.arange(features) < spikes, 1.0, np.sqrt(tail)).astype(np.float32)
    inputs = random.standard_normal((train + test, features), np.float32) * deviations
    clean = inputs[:, :spikes].astype(np.float64) @ rule
    labels = clean[:train] + noise * random.standard_normal(train)
    return Task(
        Examples(inputs[:train], labels.astype(np.float32)),
        Examples(inputs[train:], clean[train:].astype(np.float32)),
        network="linear",
        recipe=Recipe(epochs=200, batch=train, lr=0.01, clip=0.0),
        name="spiked_covariance",
        classes=0,
        truth={"original": clean[:train].astype(np.float32)},
        scaling="none",
    )
