"""Wine: 178 wines of three cultivars, 13 measurements (Forina et al. 1988; comes with scikit-learn)."""

from typing import Any

import numpy as np

from byheart.base.registry import register
from byheart.data.builtin.bundled import split
from byheart.data.examples import Examples
from byheart.data.task import Task

TRAIN = 125


@register("task", "wine")
def wine() -> Task:
    """Features (n, d), float32: 125 to train and 53 held out; ids are positions in scikit-learn's order."""
    from sklearn.datasets import load_wine

    bunch: Any = load_wine()
    train, test = split("wine", Examples(bunch.data.astype(np.float32), bunch.target), TRAIN)
    return Task(
        train,
        test,
        name="wine",
        class_names=tuple(map(str, bunch.target_names)),
        feature_names=tuple(map(str, bunch.feature_names)),
    )
