"""Diabetes: 442 patients, 10 measurements, the disease's progression after a year (Efron et al. 2004; comes with
scikit-learn).
"""

from typing import Any

import numpy as np

from byheart.base.registry import register
from byheart.data.builtin.bundled import split
from byheart.data.examples import Examples
from byheart.data.task import Task

TRAIN = 309


@register("task", "diabetes")
def diabetes() -> Task:
    """Regression on features (n, 10), float32: 309 to train and 133 held out; ids are positions in scikit-learn's
    order.
    """
    from sklearn.datasets import load_diabetes

    bunch: Any = load_diabetes(scaled=False)
    examples = Examples(bunch.data.astype(np.float32), bunch.target.astype(np.float32))
    train, test = split("diabetes", examples, TRAIN)
    return Task(train, test, name="diabetes", classes=0, feature_names=tuple(map(str, bunch.feature_names)))
