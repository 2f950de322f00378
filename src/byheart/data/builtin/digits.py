"""Digits: 1,797 handwritten digits at 8 x 8 (Alpaydin and Kaynak 1998; comes with scikit-learn)."""

from typing import Any

import numpy as np

from byheart.base.registry import register
from byheart.data.builtin.bundled import split
from byheart.data.examples import Examples
from byheart.data.task import Task

TRAIN = 1_197


@register("task", "digits")
def digits() -> Task:
    """Images (n, 1, 8, 8), uint8 from 0 to 16: 1,197 to train and 600 held out; ids are positions in scikit-learn's
    order.
    """
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    examples = Examples(bunch.images.astype(np.uint8)[:, None], bunch.target)
    train, test = split("digits", examples, TRAIN)
    return Task(train, test, name="digits", class_names=tuple("0123456789"))
