"""The share of models without an example that are right on it."""

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.scores.subset.consistency import consistency


def test_consistency_is_the_share_right_without_the_example(evidence):
    found = consistency(evidence["member"], evidence["many_correct"], evidence["targets"])
    out = ~evidence["member"][:, 3]
    assert found.value[3] == pytest.approx(evidence["many_correct"][out, 3].mean())
    assert np.isnan(found.value[0])
    assert np.isfinite(found.low[1:]).all()


def test_regression_does_not_apply(evidence):
    with pytest.raises(NotApplicable):
        consistency(evidence["member"], evidence["many_correct"], evidence["targets"].astype(np.float32))
