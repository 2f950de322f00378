"""Breast cancer Wisconsin: 569 tumours, 30 measurements, malignant or benign (Street, Wolberg, Mangasarian 1993;
comes with scikit-learn).
"""

from typing import Any

import numpy as np

from byheart.base.registry import register
from byheart.data.builtin.bundled import split
from byheart.data.examples import Examples
from byheart.data.task import Task

TRAIN = 398


@register("task", "breast_cancer")
def breast_cancer() -> Task:
    """Features (n, d), float32: 398 to train and 171 held out; ids are positions in scikit-learn's order."""
    from sklearn.datasets import load_breast_cancer

    bunch: Any = load_breast_cancer()
    train, test = split("breast_cancer", Examples(bunch.data.astype(np.float32), bunch.target), TRAIN)
    return Task(
        train,
        test,
        name="breast_cancer",
        class_names=tuple(map(str, bunch.target_names)),
        feature_names=tuple(map(str, bunch.feature_names)),
    )
